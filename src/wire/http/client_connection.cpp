#include "wire/http/client_connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "core/error.h"
#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

[[noreturn]] void unavailable(const std::string& message) {
  throw core::error(core::errc::unavailable, message);
}

std::string text_of(int error_number) {
  return std::generic_category().message(error_number);
}

// Whether the descriptor became ready in time. Any other failure of poll(2) shows in the call that follows.
bool wait_until(int socket, short events, std::chrono::milliseconds timeout) {
  pollfd one{.fd = socket, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&one, 1, static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

// 0, or why there is no connection.
int connect_to(int socket, const addrinfo& at, std::chrono::milliseconds timeout) {
  if (::connect(socket, at.ai_addr, at.ai_addrlen) == 0) {
    return 0;
  }
  if (errno != EINPROGRESS) {
    return errno;
  }
  if (!wait_until(socket, POLLOUT, timeout)) {
    return ETIMEDOUT;
  }
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failed, &size);
  return failed;
}

core::file_descriptor connected(const server_address& to, std::chrono::milliseconds timeout) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(to.host.c_str(), to.port.c_str(), &wanted, &found); failed != 0) {
    unavailable("cannot find " + to.authority + ": " + ::gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  int why = ECONNREFUSED;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    core::file_descriptor socket(::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    why = socket ? connect_to(socket.get(), *at, timeout) : errno;
    if (why == 0) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return socket;
    }
  }
  unavailable("cannot connect to " + to.authority + ": " + text_of(why) + "; is the server running there?");
}

}  // namespace

server_address address_of_url(std::string_view url) {
  const auto refuse = [&](const char* why) {
    throw core::error(core::errc::invalid_argument, "cannot use the server URL \"" + std::string(url.substr(0, 100)) +
                                                        "\": " + why +
                                                        "; expected http://host:port or https://host:port");
  };
  server_address to;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    to.secure = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    refuse("it begins neither with http:// nor with https://");
  }
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  if (rest.find_first_of("/?#@") != std::string_view::npos) {
    refuse("it holds more than a host and a port");
  }
  for (const char c : rest) {
    if (c <= ' ' || c == 0x7F) {
      refuse("it holds a blank or a control character");
    }
  }
  to.authority = rest;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) {
      refuse("a [ without its ]");
    }
    to.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    const auto colon = rest.find(':');
    to.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
  }
  if (to.host.empty()) {
    refuse("it has no host");
  }
  if (port.empty()) {
    to.port = to.secure ? "443" : "80";
  } else if (port.size() < 2 || port.size() > 6 || port.front() != ':' ||
             port.find_first_not_of("0123456789", 1) != std::string_view::npos) {
    refuse("the port is no number");
  } else {
    to.port = port.substr(1);
  }
  return to;
}

client_connection::client_connection(const server_address& to, const tls_context& tls,
                                     std::chrono::milliseconds timeout)
    : authority_(to.authority), timeout_(timeout), socket_(connected(to, timeout)) {
  if (!to.secure) {
    transport_.emplace(socket_.get());
    return;
  }
  transport_.emplace(transport::connect_tls(socket_.get(), *tls, to.host));
  while (true) {
    const transport::result step = transport_->handshake();
    if (step.closed) {
      unavailable("no TLS with " + authority_ + ": " +
                  (transport_->defect().empty() ? "the connection was closed" : transport_->defect()));
    }
    if (step.needs == transport::wait::none) {
      return;
    }
    wait_for(step.needs);
  }
}

void client_connection::wait_for(transport::wait what) const {
  if (!wait_until(socket_.get(), what == transport::wait::writable ? POLLOUT : POLLIN, timeout_)) {
    unavailable("no byte from " + authority_ + " for " + std::to_string(timeout_.count()) + " ms");
  }
}

void client_connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};  // it is only read
    const transport::result taken = transport_->write({&piece, 1});
    if (taken.closed) {
      unavailable("the connection to " + authority_ + " broke while sending");
    }
    bytes.remove_prefix(taken.bytes);
    if (taken.bytes == 0) {
      wait_for(taken.needs);
    }
  }
}

std::size_t client_connection::read(std::span<char> into) {
  while (true) {
    const transport::result got = transport_->read(into);
    if (got.bytes > 0 || got.closed) {
      return got.bytes;
    }
    wait_for(got.needs);
  }
}

bool client_connection::has_input() const {
  return wait_until(socket_.get(), POLLIN, std::chrono::milliseconds(0));
}

}  // namespace eunomia::wire::http
