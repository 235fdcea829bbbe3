#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

// Private to this room. Asio's types bound to io_context's own executor: the default, any_io_executor, costs a virtual
// call and a reference count at every step of a coroutine.
namespace eunomia::wire::http {

namespace asio = boost::asio;

using executor = asio::io_context::executor_type;
template <class T>
using awaitable = asio::awaitable<T, executor>;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using steady_clock = std::chrono::steady_clock;
using timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor>;

inline constexpr asio::use_awaitable_t<executor> use_awaitable;

}  // namespace eunomia::wire::http
