// Where results go: the standard output in the format asked for, and the file that is resumed.
#pragma once

#include <iosfwd>
#include <set>
#include <string>

#include "command.hpp"
#include "report.hpp"

namespace topkit::bench {

class Output {
 public:
  // Reads the file that is resumed, and cuts a half-written line off its end. Throws Failure when it is none, or is of
  // another machine or commit.
  Output(const Command& command, DeviceKind device, Provenance from, std::ostream& out);

  bool has(const Case& c) const { return done_.contains(key(c)); }  // measured before
  void write(const Case& c, const Measured& measured);
  void note(const std::string& text);  // a line for people: not written among JSON or CSV

 private:
  static std::string key(const Case& c) { return c.name + " " + c.distribution; }
  void open_resumed();
  std::string json_lines(const Case& c, const Measured& measured) const;

  Format format_;
  std::string path_;
  DeviceKind device_;
  Provenance from_;
  std::ostream& out_;
  std::set<std::string> done_;
};

}  // namespace topkit::bench
