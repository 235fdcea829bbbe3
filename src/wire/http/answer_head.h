#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/http/message.h"

namespace eunomia::wire::http {

// How the body of an answer ends.
struct answer_framing {
  std::optional<std::uint64_t> length;  // Content-Length
  bool chunked = false;                 // without a length; neither: until the connection closes
  bool close = false;                   // Connection: close
  bool keep_alive_1_0 = false;          // an HTTP/1.0 client asked, and is told
};

// The status line and all headers, with the empty line behind them, appended to out. date: as RFC 9110 wants it.
void append_head(std::string& out, const response& answer, const answer_framing& framing, std::string_view request_id,
                 std::string_view date);

// Whether every header of it can be sent: a line break in a value would end the head early.
bool is_sendable(const response& answer) noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t unix_seconds);

}  // namespace eunomia::wire::http
