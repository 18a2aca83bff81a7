// Lengths of the rows of a case, where they have some: what kinds of batches there are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cases.hpp"

namespace topkit::bench {

//   none      rows have no lengths: Case::lengths is ""
//   full      every row is whole; what lengths cost where they change nothing
//   uniform   anything from one column to all
//   short     a sixteenth of the columns
//   one_long  the same, but one row in the middle is whole
//   bimodal   half of the rows a sixteenth, half whole, in no order
bool is_lengths(std::string_view name);
std::string all_lengths();  // their names, for a message

// One a row, the same for every copy of the input; empty where the case has none.
std::vector<std::int32_t> lengths_of(const Case& c);

// Bytes of the elements that take part, to a whole 16 bytes.
std::int64_t bytes_that_take_part(const Case& c);

}  // namespace topkit::bench
