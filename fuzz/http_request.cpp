// A connection's bytes up to the end of one request: the head is found, read and routed, and the body taken, the same
// however the bytes are cut into pieces.

#include <algorithm>
#include <optional>
#include <string>

#include "fuzz.h"
#include "wire/http/request_parser.h"
#include "wire/http/target.h"

namespace {

using namespace eunomia;
using namespace eunomia::wire;

constexpr http::head_limits limits{.max_header_bytes = 1024, .max_target_bytes = 256};
constexpr std::size_t body_limit = 4096;

// What is known of a request when it is read, or why it was refused.
struct outcome {
  std::string refused;    // status and message; empty: not refused
  bool complete = false;  // body and all
  std::size_t read = 0;   // of the bytes
  http::request head;
  bool keep_alive = false;
};

std::string shown(const http::failure& why) {
  fuzz::require(why.status >= 400 && why.status <= 505, "a refusal has the status of an error");
  return std::to_string(why.status) + " " + why.message;
}

// As a connection reads it: piece bytes arrive at a time.
outcome read(std::string_view bytes, std::size_t piece) {
  outcome got;
  http::head_scanner scanner(limits);
  std::size_t arrived = 0;
  http::head_scanner::result found;
  while (found.end == 0) {
    if (arrived == bytes.size()) {
      return got;
    }
    arrived = std::min(bytes.size(), arrived + piece);
    found = scanner.look(bytes.substr(0, arrived));
    if (found.why) {
      got.refused = shown(*found.why);
      return got;
    }
  }
  fuzz::require(found.begin < found.end && found.end <= arrived, "a head lies in the bytes that arrived");

  http::request_parser parser;
  if (const auto why = parser.read_head(bytes.substr(found.begin, found.end - found.begin), got.head)) {
    got.refused = shown(*why);
    return got;
  }
  fuzz::require(!got.head.target.empty() && got.head.headers.size() <= http::request_parser::max_headers,
                "a head that was read has a target, and no more headers than are allowed");
  if (const auto why = http::read_target(got.head.target, got.head)) {
    got.refused = shown(*why);
    return got;
  }
  got.keep_alive = parser.keep_alive();

  std::size_t at = found.end;
  while (!parser.done()) {
    std::optional<http::failure> why;
    const std::size_t taken = parser.read_body(bytes.substr(at, arrived - at), got.head.body, why);
    at += taken;
    if (why) {
      got.refused = shown(*why);
      return got;
    }
    if (got.head.body.size() > body_limit) {
      got.refused = "413";
      return got;
    }
    if (taken == 0 && !parser.done()) {
      if (arrived == bytes.size()) {
        return got;
      }
      arrived = std::min(bytes.size(), arrived + piece);
    }
  }
  got.complete = true;
  got.read = at;
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const outcome whole = read(bytes, bytes.size() + 1);
  fuzz::require(whole.head.path.find('\0') == std::string::npos, "no path holds U+0000");
  fuzz::require(!whole.complete || whole.read <= bytes.size(), "no more is read than there is");
  for (const std::size_t piece : {1, 7, 64}) {
    const outcome cut = read(bytes, piece);
    // A limit may be passed, or a fault met, at another byte: what counts is that neither is taken for a request.
    fuzz::require(cut.complete == whole.complete, "a request is the same however its bytes arrive");
    if (whole.complete) {
      fuzz::require(cut.read == whole.read && cut.head.body == whole.head.body && cut.head.path == whole.head.path &&
                        cut.keep_alive == whole.keep_alive && cut.head.headers.size() == whole.head.headers.size(),
                    "a request is the same however its bytes arrive");
    }
  }
  return 0;
}
