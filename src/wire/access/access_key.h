#pragma once

#include <string>

#include "wire/http/message.h"

namespace eunomia::wire::access {

// What a signed request is verified with.
struct access_key {
  http::identity who;  // its id is the key's: "EUNA…"
  std::string secret;
};

}  // namespace eunomia::wire::access
