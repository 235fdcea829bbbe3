#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/http/message.h"
#include "wire/http/route.h"

namespace eunomia::wire::http {

struct head_limits {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_target_bytes = 8 * 1024;
};

// Finds the end of a request's head in bytes that arrive piece by piece, each looked at once, and refuses what two
// readers may read differently, which is how requests are smuggled past a proxy: line feeds without a carriage return
// and the reverse, and folded lines. Empty lines before a request are skipped (RFC 9112, section 2.2), a few.
class head_scanner {
 public:
  static constexpr std::size_t max_empty_lines = 4;

  explicit head_scanner(const head_limits& limits) : limits_(limits) {}

  struct result {
    std::size_t begin = 0;            // of the request line
    std::size_t end = 0;              // behind the empty line; 0: more is needed
    std::optional<failure> why = {};  // 400, 414, 431
  };
  // buffer: all that arrived, from the same beginning every time.
  result look(std::string_view buffer);

 private:
  std::optional<failure> check_line(std::string_view line) const;

  head_limits limits_;
  std::size_t begin_ = 0;
  std::size_t line_ = 0;     // where the current line begins
  std::size_t scanned_ = 0;  // up to here there is no further line feed
};

// One request's framing: its head at once, its body piece by piece. The grammar is Beast's; what makes a message
// ambiguous is refused here before Beast sees it.
class request_parser final : private boost::beast::http::basic_parser<true> {
 public:
  static constexpr std::size_t max_headers = 128;

  // A head as head_scanner found it, into everything of the request that the head says. What is wrong with it: 400,
  // 417, 431, 501, 505; the connection cannot be read any further then.
  std::optional<failure> read_head(std::string_view head, request& into);

  bool keep_alive() const noexcept { return keep_alive_; }
  bool is_http_1_0() const noexcept { return minor_ == 0; }
  bool expects_continue() const noexcept { return expects_continue_; }
  bool known_method() const noexcept { return known_method_; }
  // Content-Length or Transfer-Encoding is there, be the body empty.
  bool declares_body() const noexcept { return length_.has_value() || chunked_; }
  std::optional<std::uint64_t> declared_bytes() const noexcept { return length_; }

  // Reads from the front of the bytes at hand and appends what is body to into. Gives how many were read; none, and no
  // failure: more are needed, beside these.
  std::size_t read_body(std::string_view bytes, std::string& into, std::optional<failure>& why);
  bool done() const { return is_done(); }
  std::uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  using base = boost::beast::http::basic_parser<true>;
  using field = boost::beast::http::field;
  using view = boost::beast::string_view;
  using code = boost::system::error_code;

  void on_request_impl(boost::beast::http::verb, view method, view target, int version, code&) override;
  void on_response_impl(int, view, int, code&) override {}
  void on_field_impl(field name, view name_text, view value, code& ec) override;
  void on_header_impl(code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
  std::size_t on_body_impl(view body, code&) override;
  void on_chunk_header_impl(std::uint64_t, view, code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, view body, code&) override;
  void on_finish_impl(code&) override {}

  void take_framing(field name, view value);
  void refuse(code& ec, unsigned status, std::string message);
  std::optional<failure> check_whole() const;

  request* into_ = nullptr;
  std::string* body_ = nullptr;
  std::optional<failure> why_;
  std::optional<std::uint64_t> length_;
  std::uint64_t body_bytes_ = 0;
  unsigned hosts_ = 0;
  int minor_ = 1;
  bool chunked_ = false;
  bool keep_alive_ = true;
  bool asks_close_ = false;
  bool asks_keep_alive_ = false;
  bool expects_continue_ = false;
  bool known_method_ = true;
  bool head_done_ = false;
};

}  // namespace eunomia::wire::http
