#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/http/message.h"
#include "wire/http/route.h"

namespace eunomia::wire::http {

// Reads a request target (RFC 9112, section 3.2: origin form, absolute form, or "*") into target.path and target.query.
// A failure (400) for a bad percent-encoding, U+0000 and bytes that are not UTF-8. Says of segments "." and "..",
// however they are encoded, that they are there (leads_upwards): the router finds nothing for them but a route that
// takes any rest of a path.
std::optional<failure> read_target(std::string_view target, request& into);

// The path of a target as it was sent, without query or authority: what a router splits into segments, before it
// decodes, so that a %2F stays inside its segment.
std::string_view raw_path_of(std::string_view target) noexcept;

// Percent-decodes; nothing when the encoding is wrong.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

}  // namespace eunomia::wire::http
