#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The nextToken of a page: after which one the next page begins, made unreadable, so that nobody builds one.
namespace eunomia::wire::personalize {

std::string token_after(std::int64_t last);
// Of which token_after() is the token. Throws errc::invalid_argument for what no page had.
std::int64_t last_of_token(std::string_view token);

}  // namespace eunomia::wire::personalize
