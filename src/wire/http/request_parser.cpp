#include "wire/http/request_parser.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "wire/http/target.h"
#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

namespace beast_http = boost::beast::http;

failure bad_request(std::string message) {
  return {400, "invalid_argument", std::move(message)};
}

std::string limit_text(std::string_view name, std::size_t value) {
  return std::string(name) + " = " + std::to_string(value);
}

bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

// "HTTP/2.0" is a version that we do not speak; anything else at that place is no HTTP.
failure version_failure(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
      is_digit(version[7])) {
    return {505, "http_version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0"};
  }
  return bad_request("the request line is not \"METHOD target HTTP/1.1\"");
}

}  // namespace

std::optional<failure> head_scanner::check_line(std::string_view line) const {
  if (line.find('\r') != std::string_view::npos) {
    return bad_request("a carriage return without a line feed in the head of the request");
  }
  if (line_ == begin_ && line.size() > limits_.max_target_bytes) {
    // The method and version beside the target are a few bytes: the target itself is measured, not the line.
    const auto from = line.find(' ');
    const auto to = line.rfind(' ');
    const std::size_t target = from == to || from == std::string_view::npos ? line.size() : to - from - 1;
    if (target > limits_.max_target_bytes) {
      return failure{414, "uri_too_long",
                     "the request target is longer than " + limit_text("max_target_bytes", limits_.max_target_bytes)};
    }
  }
  if (line_ != begin_ && (line.front() == ' ' || line.front() == '\t')) {
    return bad_request("a folded header line, which HTTP/1.1 no longer has: send it as one line");
  }
  return std::nullopt;
}

head_scanner::result head_scanner::look(std::string_view buffer) {
  while (true) {
    const auto feed = buffer.find('\n', scanned_);
    if (feed == std::string_view::npos) {
      scanned_ = buffer.size();
      break;
    }
    if (feed == 0 || buffer[feed - 1] != '\r' || feed == line_) {
      return {.why = bad_request("a line feed without a carriage return in the head of the request")};
    }
    const std::string_view line = buffer.substr(line_, feed - 1 - line_);
    if (feed + 1 - begin_ > limits_.max_header_bytes) {
      break;
    }
    if (line.empty() && line_ != begin_) {
      return {.begin = begin_, .end = feed + 1};
    }
    if (line.empty()) {
      begin_ = feed + 1;
      if (begin_ > 2 * max_empty_lines) {
        return {.why = bad_request("empty lines before the request")};
      }
    } else if (auto why = check_line(line)) {
      return {.why = std::move(why)};
    }
    line_ = feed + 1;
    scanned_ = feed + 1;
  }
  const std::size_t size = buffer.size() - std::min(begin_, buffer.size());
  if (line_ == begin_ && size > limits_.max_target_bytes + 64) {
    return {.why = failure{
                414, "uri_too_long",
                "the request target is longer than " + limit_text("max_target_bytes", limits_.max_target_bytes)}};
  }
  if (size >= limits_.max_header_bytes) {
    return {.why = failure{431, "header_too_large",
                           "the request line and headers are longer than " +
                               limit_text("max_header_bytes", limits_.max_header_bytes)}};
  }
  return {};
}

void request_parser::refuse(code& ec, unsigned status, std::string message) {
  if (!why_) {
    const char* name = status == 501   ? "not_implemented"
                       : status == 417 ? "expectation_failed"
                       : status == 431 ? "header_too_large"
                                       : "invalid_argument";
    why_ = failure{status, name, std::move(message)};
  }
  ec = beast_http::error::bad_field;
}

void request_parser::on_request_impl(beast_http::verb, view method, view target, int version, code&) {
  const auto verb = method_named({method.data(), method.size()});
  known_method_ = verb.has_value();
  into_->verb = verb.value_or(method::get);
  into_->target.assign(target.data(), target.size());
  minor_ = version % 10;
}

void request_parser::on_field_impl(field name, view name_text, view value, code& ec) {
  if (head_done_) {
    return;  // a trailer behind a chunked body: nobody here wants any
  }
  if (into_->headers.size() == max_headers) {
    refuse(ec, 431, "more headers than " + limit_text("max_headers", max_headers));
    return;
  }
  if (std::any_of(value.begin(), value.end(), is_control)) {
    refuse(ec, 400, "a control character in the value of a header");
    return;
  }
  into_->headers.push_back({std::string(name_text), std::string(value)});
  take_framing(name, value);
  if (why_) {
    ec = beast_http::error::bad_field;
  }
}

void request_parser::take_framing(field name, view value) {
  code ignored;
  const std::string_view text(value.data(), value.size());
  switch (name) {
    case field::host: ++hosts_; break;
    case field::content_length: {
      std::uint64_t length = 0;
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
      if (length_) {
        refuse(ignored, 400, "two Content-Length headers");
      } else if (text.empty() || failed != std::errc() || end != text.data() + text.size()) {
        refuse(ignored, 400, "Content-Length is not one number");
      } else {
        length_ = length;
      }
      break;
    }
    case field::transfer_encoding:
      if (chunked_) {
        refuse(ignored, 400, "two Transfer-Encoding headers");
      } else if (!equal_ignoring_case(text, "chunked")) {
        refuse(ignored, 501, "this server reads no transfer coding but \"chunked\"");
      }
      chunked_ = true;
      break;
    case field::connection:
      asks_close_ = asks_close_ || list_has(text, "close");
      asks_keep_alive_ = asks_keep_alive_ || list_has(text, "keep-alive");
      break;
    case field::expect:
      if (!equal_ignoring_case(text, "100-continue")) {
        refuse(ignored, 417, "this server knows no expectation but 100-continue");
      }
      expects_continue_ = true;
      break;
    default: break;
  }
}

std::optional<failure> request_parser::check_whole() const {
  if (chunked_ && length_) {
    return bad_request("Content-Length and Transfer-Encoding in one request");
  }
  if (chunked_ && minor_ == 0) {
    return bad_request("Transfer-Encoding in an HTTP/1.0 request");
  }
  if (hosts_ > 1 || (hosts_ == 0 && minor_ == 1)) {
    return bad_request(hosts_ == 0 ? "an HTTP/1.1 request needs a Host header" : "two Host headers");
  }
  return std::nullopt;
}

std::optional<failure> request_parser::read_head(std::string_view head, request& into) {
  into_ = &into;
  // Both limits were kept by whoever found the end of the head, and are by whoever reads the body.
  header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(head.size() + 1, 1U << 30)));
  body_limit(boost::none);
  eager(false);
  code ec;
  put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (why_) {
    return why_;
  }
  if (ec == beast_http::error::bad_version) {
    return version_failure(head);
  }
  if (auto why = check_whole()) {
    return why;
  }
  if (ec || !is_header_done()) {
    return bad_request("the head of the request is not HTTP/1.1: " + (ec ? ec.message() : "it is incomplete"));
  }
  if (auto why = read_target(into.target, into)) {
    return why;
  }
  head_done_ = true;
  expects_continue_ = expects_continue_ && minor_ == 1;
  keep_alive_ = !asks_close_ && (minor_ == 1 || asks_keep_alive_);
  eager(true);
  return std::nullopt;
}

std::size_t request_parser::read_body(std::string_view bytes, std::string& into, std::optional<failure>& why) {
  body_ = &into;
  // Beast asserts that the last chunk comes again with all of its five bytes, "0\r\n\r\n", once it has seen three. No
  // chunked body ends in fewer.
  constexpr std::size_t last_chunk_bytes = 5;
  if (chunked_ && bytes.size() < last_chunk_bytes) {
    return 0;
  }
  code ec;
  const std::size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != beast_http::error::need_more) {
    why = bad_request("the chunked body is malformed: " + ec.message());
  }
  return used;
}

std::size_t request_parser::on_body_impl(view body, code&) {
  body_->append(body.data(), body.size());
  body_bytes_ += body.size();
  return body.size();
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, view body, code&) {
  body_->append(body.data(), body.size());
  body_bytes_ += body.size();
  return body.size();
}

}  // namespace eunomia::wire::http
