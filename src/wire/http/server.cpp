#include "wire/http/server.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "wire/http/built_in.h"
#include "wire/http/connection.h"
#include "wire/http/server_state.h"

namespace eunomia::wire::http {

namespace {

namespace fs = std::filesystem;
using acceptor_type = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

constexpr unsigned max_default_io_threads = 4;
constexpr int backlog = 4096;
constexpr std::chrono::milliseconds accept_retry{100};
constexpr std::size_t trimmed_connections = 512;  // so many fewer than there were: memory goes back to the system
constexpr std::chrono::milliseconds trim_delay{500};
constexpr std::size_t max_refusals = 64;  // connections beyond the limit that are being told so

asio::ip::address address_of(const std::string& text) {
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(text == "localhost" ? "127.0.0.1" : text, failed);
  if (failed) {
    throw core::error(core::errc::invalid_argument,
                      "cannot listen on \"" + text + "\": expected an address such as 127.0.0.1, ::1 or 0.0.0.0");
  }
  return address;
}

bool takes_files(std::span<const protocol* const> protocols) {
  return std::any_of(protocols.begin(), protocols.end(), [](const protocol* p) {
    return std::any_of(p->routes().begin(), p->routes().end(),
                       [](const route& r) { return r.body.into == body_policy::kind::file; });
  });
}

void check(const server_options& options, std::span<const protocol* const> protocols) {
  if (!address_of(options.address).is_loopback() && !options.tls && !options.behind_proxy) {
    throw core::error(core::errc::failed_precondition,
                      "refusing to listen on " + options.address +
                          " without TLS: give --tls-certificate and --tls-key, or --behind-proxy when a proxy in front "
                          "speaks TLS, or listen on 127.0.0.1");
  }
  if (options.upload_folder.empty() && takes_files(protocols)) {
    throw core::error(core::errc::invalid_argument, "a route takes uploads: server_options::upload_folder is not set");
  }
}

// What a killed process left of uploads goes.
void prepare_uploads(const fs::path& folder) {
  if (folder.empty()) {
    return;
  }
  std::error_code failed;
  fs::remove_all(folder, failed);
  if (!failed) {
    fs::create_directories(folder, failed);
  }
  if (!failed) {
    fs::permissions(folder, fs::perms::owner_all, failed);
  }
  if (failed) {
    core::throw_system_error(failed.value(), "empty the folder of uploads", folder);
  }
}

// Each connection is a descriptor, and the usual soft limit of 1024 is for programs that use select(2).
void raise_descriptor_limit(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  const rlim_t wanted = connections + 1024;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < wanted) {
    core::log::warning("fewer connections than max_connections can be open: raise the limit on open files",
                       {{"max_connections", connections}, {"open_files", std::uint64_t{limit.rlim_cur}}});
  }
}

class beast_server final : public server {
 public:
  beast_server(const server_options& options, std::span<const protocol* const> protocols, metrics& figures);
  ~beast_server() override { stop(); }

  std::uint16_t port() const override { return port_; }
  void ready(bool is, std::string reason) override { ready_.set(is, std::move(reason)); }
  void reload_certificate() override;
  void stop() override;

 private:
  void load_certificate();
  void listen();
  void run(shard& here);
  shard& least_loaded();
  awaitable<void> accept_all();
  void take(shard& here, tcp_socket socket) noexcept;
  void close_acceptor();
  awaitable<void> serve(shard& here, tcp_socket socket, std::string remote_address);
  awaitable<void> refuse(tcp_socket socket);
  bool enter();
  void leave(shard& here);
  void trim_later();
  bool wait_until_quiet(std::optional<std::chrono::milliseconds> at_most);

  readiness ready_;
  built_in_protocol built_in_;
  std::vector<const protocol*> protocols_;
  server_state state_;
  std::vector<std::unique_ptr<shard>> shards_;
  std::optional<acceptor_type> acceptor_;
  std::uint16_t port_ = 0;
  std::optional<timer> trim_timer_;  // of the first shard
  std::size_t most_active_ = 0;      // since the last trim; under active_mutex, as the next
  bool trim_pending_ = false;
  std::atomic<std::size_t> refusals_ = 0;
  counter& refused_;
  std::vector<std::thread> threads_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

std::vector<const protocol*> with_built_in(const protocol& built_in, std::span<const protocol* const> others) {
  std::vector<const protocol*> all = {&built_in};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

beast_server::beast_server(const server_options& options, std::span<const protocol* const> protocols, metrics& figures)
    : built_in_(protocols.empty() ? nullptr : protocols.front(), ready_, figures),
      protocols_(with_built_in(built_in_, protocols)),
      state_(options, protocols_, figures),
      refused_(figures.counter_of("eunomia_http_connections_refused_total", "Connections beyond max_connections.")) {
  add_process_figures(figures);
  load_certificate();
  prepare_uploads(options.upload_folder);
  raise_descriptor_limit(options.max_connections);
  unsigned count = options.io_threads;
  if (count == 0) {
    count = std::clamp(std::thread::hardware_concurrency(), 1U, max_default_io_threads);
  }
  for (unsigned i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<shard>());
  }
  trim_timer_.emplace(shards_.front()->context.get_executor());
  listen();
  asio::co_spawn(shards_.front()->context, accept_all(), asio::detached);
  for (const auto& each : shards_) {
    threads_.emplace_back([this, &here = *each] { run(here); });
  }
}

void beast_server::run(shard& here) {
  while (true) {
    try {
      here.context.run();
      return;
    } catch (const std::exception& problem) {
      core::log::error("a connection's thread goes on after an exception",
                       {{"reason", core::kept_message_of(problem)}});
    }
  }
}

void beast_server::load_certificate() {
  if (state_.options.tls) {
    state_.tls.publish(std::make_shared<const tls_context>(make_server_context(*state_.options.tls)));
  }
}

void beast_server::reload_certificate() {
  load_certificate();
  if (state_.options.tls) {
    core::log::info("certificate loaded", {{"file", state_.options.tls->certificate.string()}});
  }
}

void beast_server::listen() {
  const asio::ip::tcp::endpoint at(address_of(state_.options.address), state_.options.port);
  try {
    acceptor_.emplace(shards_.front()->context);
    acceptor_->open(at.protocol());
    acceptor_->set_option(asio::socket_base::reuse_address(true));
    acceptor_->bind(at);
    acceptor_->listen(backlog);
    port_ = acceptor_->local_endpoint().port();
  } catch (const boost::system::system_error& problem) {
    throw core::error(core::errc::unavailable, "cannot listen on " + state_.options.address + ":" +
                                                   std::to_string(state_.options.port) + ": " +
                                                   problem.code().message() + "; choose another with --port");
  }
}

shard& beast_server::least_loaded() {
  return **std::min_element(shards_.begin(), shards_.end(), [](const auto& a, const auto& b) {
    return a->load.load(std::memory_order_relaxed) < b->load.load(std::memory_order_relaxed);
  });
}

bool beast_server::enter() {
  const std::lock_guard lock(state_.active_mutex);
  if (state_.active >= state_.options.max_connections) {
    return false;
  }
  ++state_.active;
  most_active_ = std::max(most_active_, state_.active);
  return true;
}

void beast_server::leave(shard& here) {
  here.load.fetch_sub(1, std::memory_order_relaxed);
  const std::lock_guard lock(state_.active_mutex);
  --state_.active;
  state_.quiet.notify_all();
  if (most_active_ - state_.active >= trimmed_connections && !trim_pending_ && !state_.stopping.load()) {
    trim_pending_ = true;
    asio::post(shards_.front()->context, [this] { trim_later(); });
  }
}

// What many connections held lies scattered over the allocator's arenas, which give nothing back by themselves. Once a
// crowd has left they are asked to; it takes milliseconds, so a worker does it.
void beast_server::trim_later() {
  trim_timer_->expires_after(trim_delay);
  trim_timer_->async_wait([this](const boost::system::error_code& failed) {
    if (failed) {
      return;
    }
    {
      const std::lock_guard lock(state_.active_mutex);
      trim_pending_ = false;
      most_active_ = state_.active;
    }
    const bool queued = state_.workers.try_submit([] { ::malloc_trim(0); });
    static_cast<void>(queued);  // a server that busy uses the memory itself
  });
}

awaitable<void> beast_server::accept_all() {
  timer rest(shards_.front()->context.get_executor());
  while (true) {
    shard& here = least_loaded();
    tcp_socket socket(here.context);
    boost::system::error_code failed;
    co_await acceptor_->async_accept(socket, asio::redirect_error(use_awaitable, failed));
    if (failed == asio::error::operation_aborted || state_.stopping.load()) {
      if (!failed) {
        take(here, std::move(socket));
      }
      co_return;
    }
    if (failed) {
      // Out of descriptors, mostly: those who wait stay in the backlog meanwhile.
      core::log::warning("cannot accept a connection", {{"reason", failed.message()}});
      rest.expires_after(accept_retry);
      co_await rest.async_wait(asio::redirect_error(use_awaitable, failed));
      continue;
    }
    take(here, std::move(socket));
  }
}

// Gives a connection to its thread.
void beast_server::take(shard& here, tcp_socket socket) noexcept {
  bool entered = false;
  try {
    boost::system::error_code failed;
    const auto remote = socket.remote_endpoint(failed);
    if (failed) {
      return;  // it left already
    }
    entered = enter();
    if (entered) {
      here.load.fetch_add(1, std::memory_order_relaxed);
      asio::co_spawn(here.context, serve(here, std::move(socket), remote.address().to_string()), asio::detached);
      return;
    }
    refused_.add();
    if (!state_.options.tls && refusals_.load() < max_refusals) {
      asio::co_spawn(here.context, refuse(std::move(socket)), asio::detached);
    }
  } catch (const std::exception& problem) {
    core::log::error("a connection could not be taken", {{"reason", core::kept_message_of(problem)}});
    if (entered) {
      leave(here);
    }
  }
}

// Takes no more connections, but those that the system took already: their requests may be under way.
void beast_server::close_acceptor() {
  boost::system::error_code failed;
  static_cast<void>(acceptor_->non_blocking(true, failed));
  while (!failed) {
    shard& here = least_loaded();
    tcp_socket socket(here.context);
    static_cast<void>(acceptor_->accept(socket, failed));
    if (!failed) {
      take(here, std::move(socket));
    }
  }
  static_cast<void>(acceptor_->close(failed));
}

awaitable<void> beast_server::serve(shard& here, tcp_socket socket, std::string remote_address) {
  try {
    connection one(state_, here, std::move(socket), std::move(remote_address));
    co_await one.serve();
  } catch (const std::exception& problem) {
    core::log::error("a connection ended by an exception", {{"reason", core::kept_message_of(problem)}});
  }
  leave(here);
}

// Tells a connection beyond the limit so, and waits a little for it to close: what it sent already would otherwise
// reset the connection before it has read this.
awaitable<void> beast_server::refuse(tcp_socket socket) {
  refusals_.fetch_add(1);
  const response answer = built_in_.answer_of(
      {}, {503, "unavailable",
           "the server is busy: max_connections = " + std::to_string(state_.options.max_connections) +
               " are open; try again in a second"});
  const std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(answer.body.size()) + "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" +
                           answer.body;
  ::send(socket.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(socket.native_handle(), SHUT_WR);
  timer rest(socket.get_executor(), std::chrono::milliseconds(200));
  boost::system::error_code ignored;
  co_await rest.async_wait(asio::redirect_error(use_awaitable, ignored));
  std::array<char, 4096> thrown_away;
  ::recv(socket.native_handle(), thrown_away.data(), thrown_away.size(), MSG_DONTWAIT);
  static_cast<void>(socket.close(ignored));
  refusals_.fetch_sub(1);
}

bool beast_server::wait_until_quiet(std::optional<std::chrono::milliseconds> at_most) {
  std::unique_lock lock(state_.active_mutex);
  const auto none = [&] { return state_.active == 0; };
  if (at_most) {
    return state_.quiet.wait_for(lock, *at_most, none);
  }
  state_.quiet.wait(lock, none);
  return true;
}

void beast_server::stop() {
  const std::lock_guard lock(stop_mutex_);
  if (stopped_) {
    return;
  }
  stopped_ = true;
  state_.stopping.store(true);
  const auto on_every = [&](void (connection::*what)()) {
    for (const auto& each : shards_) {
      asio::post(each->context, [&here = *each, what] {
        for (auto at = here.connections.begin(); at != here.connections.end();) {
          connection& one = *at++;
          (one.*what)();
        }
      });
    }
  };
  // What was accepted, though its handler has not run yet, counts among the connections before anybody looks whether
  // they are quiet: handlers run in order, and the second post stands behind them.
  if (!threads_.empty()) {
    std::promise<void> closed;
    asio::post(shards_.front()->context, [&] {
      close_acceptor();
      asio::post(shards_.front()->context, [&] { closed.set_value(); });
    });
    closed.get_future().wait();
  }
  on_every(&connection::stop);
  if (!wait_until_quiet(state_.options.stop_timeout)) {
    core::log::warning("connections were cut off: they did not end in time",
                       {{"stop_timeout_ms", state_.options.stop_timeout.count()}});
    on_every(&connection::abort);
    wait_until_quiet(std::nullopt);
  }
  for (const auto& each : shards_) {
    each->keeps_running.reset();
    each->context.stop();
  }
  for (std::thread& each : threads_) {
    each.join();
  }
}

}  // namespace

std::unique_ptr<server> server::start(const server_options& options, std::span<const protocol* const> protocols,
                                      metrics& figures) {
  check(options, protocols);
  return std::make_unique<beast_server>(options, protocols, figures);
}

}  // namespace eunomia::wire::http
