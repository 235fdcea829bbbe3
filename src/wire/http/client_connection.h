#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/file.h"
#include "wire/http/tls_context.h"
#include "wire/http/transport.h"

namespace eunomia::wire::http {

// Where a client's URL leads.
struct server_address {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;
  bool secure = false;
  std::string authority;  // for the Host header and for messages
};
// Throws errc::invalid_argument for what is not http://host[:port] or https://host[:port].
server_address address_of_url(std::string_view url);

// A blocking connection over a transport: each call waits at most `timeout` for one byte to move. All throw
// errc::unavailable.
class client_connection {
 public:
  // tls: for a secure address.
  client_connection(const server_address& to, const tls_context& tls, std::chrono::milliseconds timeout);

  void write(std::string_view bytes);
  // 0: the other side ended.
  std::size_t read(std::span<char> into);
  // Whether something arrived, or the other side ended: an answer while nothing, or not all, was asked.
  bool has_input() const;

 private:
  void wait_for(transport::wait what) const;

  std::string authority_;
  std::chrono::milliseconds timeout_;
  core::file_descriptor socket_;
  std::optional<transport> transport_;
};

}  // namespace eunomia::wire::http
