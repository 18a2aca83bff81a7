#include "cli/app.hpp"
#include "cli/interrupt.hpp"

int main(int argc, char** argv) {
  topkit::cli::handle_signals();
  topkit::cli::Console console = topkit::cli::standard_console();
  return topkit::cli::run(argc, argv, console);
}
