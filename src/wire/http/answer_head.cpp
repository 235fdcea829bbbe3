#include "wire/http/answer_head.h"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

// What says where a message ends, or belongs to the connection, is decided here alone.
constexpr std::array<std::string_view, 7> ours = {"Content-Length", "Transfer-Encoding", "Connection",  "Date",
                                                  "Server",         "Content-Type",      "X-Request-Id"};

bool is_ours(std::string_view name) {
  return std::any_of(ours.begin(), ours.end(), [&](std::string_view o) { return equal_ignoring_case(o, name); });
}

bool is_token(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    // RFC 9110, section 5.6.2.
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_line(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool is_sendable(const response& answer) noexcept {
  return answer.status >= 200 && answer.status <= 599 && is_line(answer.content_type) &&
         std::all_of(answer.headers.begin(), answer.headers.end(),
                     [](const header& h) { return is_token(h.name) && is_line(h.value); });
}

void append_head(std::string& out, const response& answer, const answer_framing& framing, std::string_view request_id,
                 std::string_view date) {
  out.append("HTTP/1.1 ");
  append_number(out, answer.status);
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(answer.status));
  out.append(" ").append(reason.data(), reason.size()).append("\r\n");
  append_header(out, "Date", date);
  append_header(out, "Server", "eunomia");
  if (!answer.content_type.empty() && answer.status != 204 && answer.status != 304) {
    append_header(out, "Content-Type", answer.content_type);
  }
  if (framing.length && answer.status != 204 && answer.status != 304) {
    out.append("Content-Length: ");
    append_number(out, *framing.length);
    out.append("\r\n");
  } else if (framing.chunked) {
    append_header(out, "Transfer-Encoding", "chunked");
  }
  if (framing.close) {
    append_header(out, "Connection", "close");
  } else if (framing.keep_alive_1_0) {
    append_header(out, "Connection", "keep-alive");
  }
  append_header(out, "X-Request-Id", request_id);
  bool has_cache = false;
  bool has_sniff = false;
  for (const header& each : answer.headers) {
    if (!is_ours(each.name)) {
      append_header(out, each.name, each.value);
      has_cache = has_cache || equal_ignoring_case(each.name, "Cache-Control");
      has_sniff = has_sniff || equal_ignoring_case(each.name, "X-Content-Type-Options");
    }
  }
  if (!has_cache) {
    append_header(out, "Cache-Control", "no-store");
  }
  if (!has_sniff) {
    append_header(out, "X-Content-Type-Options", "nosniff");
  }
  out.append("\r\n");
}

std::string http_date(std::int64_t unix_seconds) {
  static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t when = unix_seconds;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  const auto two = [](int number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(days[static_cast<std::size_t>(parts.tm_wday)]) + ", " + two(parts.tm_mday) + " " +
         months[static_cast<std::size_t>(parts.tm_mon)] + " " + std::to_string(parts.tm_year + 1900) + " " +
         two(parts.tm_hour) + ":" + two(parts.tm_min) + ":" + two(parts.tm_sec) + " GMT";
}

}  // namespace eunomia::wire::http
