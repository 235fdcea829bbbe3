#include <boost/asio/error.hpp>

#include <array>
#include <cerrno>

#include "wire/http/connection.h"

// The bytes of a connection: system calls first, since mostly they succeed at once, and the event loop only where they
// would wait.

namespace eunomia::wire::http {

namespace {

// A client that is still sending gets so much longer, and so many bytes are thrown away, that it sees the answer before
// the connection is reset.
constexpr std::size_t linger_bytes = std::size_t{1} << 20;
constexpr std::chrono::milliseconds linger_time{2000};
constexpr std::chrono::milliseconds linger_time_when_stopping{250};
// What fits one TLS record is sent as one.
constexpr std::size_t small_tls_record = 16 * 1024;

iovec piece_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};  // sendmsg(2) does not write to it
}

}  // namespace

awaitable<bool> connection::wait_for(transport::wait what) {
  if (aborted_) {
    co_return false;
  }
  since_wait_ = 0;
  boost::system::error_code failure;
  const auto event = what == transport::wait::writable ? asio::socket_base::wait_write : asio::socket_base::wait_read;
  co_await socket_.async_wait(event, asio::redirect_error(use_awaitable, failure));
  co_return !failure;
}

awaitable<connection::input> connection::fill(std::size_t limit, bool may_wait) {
  // Behind an answer there is mostly nothing yet: in the clear it is asked for only when the socket says so.
  bool ask = !(idle_ && may_wait) || transport_.secure() || stopping();
  while (true) {
    if (ask) {
      const std::span<char> space = input_.space(limit);
      if (space.empty()) {
        co_return input::nothing;
      }
      const transport::result got = transport_.read(space);
      if (got.bytes > 0) {
        input_.commit(got.bytes);
        server_.received_bytes.add(got.bytes);
        co_return input::data;
      }
      if (got.closed) {
        co_return input::closed;
      }
      if (!may_wait || (idle_ && stopping())) {
        co_return idle_&& stopping() ? input::closed : input::nothing;
      }
      if (input_.empty()) {
        input_.release();
      }
      if (!co_await wait_for(got.needs) && (expired_ || aborted_)) {
        co_return expired_ ? input::expired : input::closed;
      }
    } else {
      input_.release();
      if (!co_await wait_for(transport::wait::readable) && (expired_ || aborted_)) {
        co_return expired_ ? input::expired : input::closed;
      }
    }
    if (expired_ || aborted_) {
      co_return expired_ ? input::expired : input::closed;
    }
    ask = true;
  }
}

bool connection::write_now(std::string_view& first, std::string_view& second) {
  const std::array<iovec, 2> pieces = {piece_of(first), piece_of(second)};
  const transport::result taken = transport_.write(pieces);
  const std::size_t of_first = std::min(taken.bytes, first.size());
  first.remove_prefix(of_first);
  second.remove_prefix(taken.bytes - of_first);
  sent_ += taken.bytes;
  return !taken.closed;
}

awaitable<bool> connection::write_rest(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    const std::array<iovec, 2> pieces = {piece_of(first), piece_of(second)};
    const transport::result taken = transport_.write(pieces);
    if (taken.closed) {
      co_return false;
    }
    const std::size_t of_first = std::min(taken.bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(taken.bytes - of_first);
    sent_ += taken.bytes;
    if (taken.bytes == 0) {
      limit_time(server_.options.write_timeout);
      const bool ready = co_await wait_for(taken.needs);
      if (!ready || expired_ || aborted_) {
        co_return false;
      }
    }
  }
  co_return true;
}

awaitable<bool> connection::write(std::string_view first, std::string_view second) {
  if (transport_.secure() && !second.empty() && first.size() + second.size() <= small_tls_record &&
      first.data() == output_.data()) {
    output_.append(second);  // one record instead of two
    first = output_;
    second = {};
  }
  deadlines::clear(*this);
  co_return co_await write_rest(first, second);
}

awaitable<void> connection::linger() {
  transport_.finish();
  limit_time(stopping() ? linger_time_when_stopping : linger_time);
  std::array<char, 4096> ignored;
  std::size_t left = linger_bytes;
  while (true) {
    const ssize_t got = ::recv(socket_.native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
      co_return;
    }
    if (got > 0) {
      if (static_cast<std::size_t>(got) >= left) {
        co_return;
      }
      left -= static_cast<std::size_t>(got);
      continue;
    }
    const bool ready = co_await wait_for(transport::wait::readable);
    if (!ready || expired_ || aborted_) {
      co_return;
    }
  }
}

}  // namespace eunomia::wire::http
