#pragma once

#include <string_view>

namespace eunomia::subject {

// errc::invalid_argument, which shows nothing of the identifier.
void check_space(std::string_view space);
void check_identifier(std::string_view space, std::string_view raw);

}  // namespace eunomia::subject
