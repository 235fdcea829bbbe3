#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <functional>
#include <string_view>
#include <vector>

#include "wire/http/message.h"

namespace eunomia::wire::http {

// One answer, for the client: its head, and its body piece by piece.
class response_parser final : private boost::beast::http::basic_parser<false> {
 public:
  // body: told of each piece. bodiless: the answer to a HEAD.
  response_parser(std::function<void(std::string_view)> body, bool bodiless);

  // Reads from the front of bytes and gives how many were used; 0: more are needed beside these. Throws
  // errc::unavailable for what is no HTTP.
  std::size_t read(std::string_view bytes);
  // The connection ended: whether the answer is whole.
  bool ends();

  bool has_head() const { return is_header_done(); }
  bool done() const { return is_done(); }
  bool keeps_connection() const { return keep_alive(); }
  unsigned status() const noexcept { return status_; }
  std::vector<header>& headers() noexcept { return headers_; }

 private:
  using field = boost::beast::http::field;
  using view = boost::beast::string_view;
  using code = boost::system::error_code;

  void on_request_impl(boost::beast::http::verb, view, view, int, code&) override {}
  void on_response_impl(int status, view, int, code&) override { status_ = static_cast<unsigned>(status); }
  void on_field_impl(field, view name, view value, code&) override;
  void on_header_impl(code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
  std::size_t on_body_impl(view body, code&) override;
  void on_chunk_header_impl(std::uint64_t, view, code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, view body, code&) override;
  void on_finish_impl(code&) override {}

  std::function<void(std::string_view)> body_;
  unsigned status_ = 0;
  std::vector<header> headers_;
};

}  // namespace eunomia::wire::http
