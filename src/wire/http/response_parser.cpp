#include "wire/http/response_parser.h"

#include "core/error.h"

namespace eunomia::wire::http {

namespace {

constexpr std::uint32_t max_head_bytes = 64 * 1024;

}  // namespace

response_parser::response_parser(std::function<void(std::string_view)> body, bool bodiless) : body_(std::move(body)) {
  header_limit(max_head_bytes);
  body_limit(boost::none);
  eager(false);  // the head first: what becomes of the body depends on it
  skip(bodiless);
}

std::size_t response_parser::read(std::string_view bytes) {
  code failed;
  const std::size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), failed);
  if (failed && failed != boost::beast::http::error::need_more) {
    throw core::error(core::errc::unavailable, "the answer is not HTTP/1.1: " + failed.message());
  }
  return used;
}

bool response_parser::ends() {
  if (!has_head()) {
    return false;
  }
  code failed;
  if (!is_done()) {
    put_eof(failed);
  }
  return !failed;
}

void response_parser::on_field_impl(field, view name, view value, code&) {
  headers_.push_back({std::string(name), std::string(value)});
}

std::size_t response_parser::on_body_impl(view body, code&) {
  body_({body.data(), body.size()});
  return body.size();
}

std::size_t response_parser::on_chunk_body_impl(std::uint64_t, view body, code&) {
  body_({body.data(), body.size()});
  return body.size();
}

}  // namespace eunomia::wire::http
