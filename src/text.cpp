#include "text.hpp"

namespace topkit {

std::string formatted_by(fmt::string_view format, fmt::format_args values) { return fmt::vformat(format, values); }

}  // namespace topkit
