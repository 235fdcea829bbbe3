#include "wire/http/connection.h"

#include <unistd.h>

#include <boost/asio/post.hpp>

#include <algorithm>

#include "core/log.h"
#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

// A client that never stops sending ahead lets the others of its thread have a turn.
constexpr unsigned max_answers_in_a_row = 32;
constexpr std::size_t max_request_id_bytes = 128;
constexpr std::size_t max_kept_output_bytes = 4096;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= max_request_id_bytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '_' || c == '-';
  });
}

transport make_transport(int socket, const tls_context& tls) {
  return tls ? transport::accept_tls(socket, *tls) : transport(socket);
}

tls_context loaded(const server_state& server) {
  const auto current = server.tls.current();
  return current ? *current : nullptr;
}

}  // namespace

connection::connection(server_state& server, shard& here, tcp_socket socket, std::string remote_address)
    : server_(server),
      here_(here),
      socket_(std::move(socket)),
      remote_address_(std::move(remote_address)),
      tls_(loaded(server)),
      transport_(make_transport(socket_.native_handle(), tls_)),
      input_(here.blocks) {
  here_.connections.push_back(*this);
  server_.live->connections.fetch_add(1, std::memory_order_relaxed);
}

connection::~connection() {
  remove_body_file();
  here_.due.remove(*this);
  server_.live->connections.fetch_sub(1, std::memory_order_relaxed);
}

void connection::expired() {
  expired_ = true;
  boost::system::error_code ignored;
  static_cast<void>(socket_.cancel(ignored));
}

void connection::stop() {
  boost::system::error_code ignored;
  if (idle_) {
    static_cast<void>(socket_.cancel(ignored));
  }
  if (sleeping_ != nullptr) {
    sleeping_->cancel();
  }
}

void connection::abort() {
  aborted_ = true;
  stop();
  boost::system::error_code ignored;
  static_cast<void>(socket_.cancel(ignored));
}

awaitable<void> connection::serve() {
  boost::system::error_code ignored;
  static_cast<void>(socket_.set_option(asio::ip::tcp::no_delay(true), ignored));
  bool more = true;
  if (transport_.secure()) {
    more = co_await handshake();
  }
  while (more) {
    more = co_await exchange();
    if (++since_wait_ > max_answers_in_a_row) {
      since_wait_ = 0;
      co_await asio::post(socket_.get_executor(), use_awaitable);
    }
  }
}

awaitable<bool> connection::handshake() {
  limit_time(server_.options.header_timeout);
  idle_ = true;  // a graceful stop need not wait for it
  while (true) {
    const transport::result step = transport_.handshake();
    if (step.closed) {
      core::log::debug("a TLS handshake failed", {{"reason", transport_.defect()}});
      co_return false;
    }
    if (step.needs == transport::wait::none) {
      co_return true;
    }
    if (stopping()) {
      co_return false;
    }
    const bool ready = co_await wait_for(step.needs);
    if (!ready || expired_ || aborted_) {
      co_return false;
    }
  }
}

void connection::begin_request() {
  request_ = {};
  speaks_ = nullptr;
  route_ = nullptr;
  caller_id_.clear();
  status_ = 0;
  sent_ = 0;
  began_ = {};
  body_failure_.reset();
  guard_.reset();
  wrong_credential_ = false;
  expired_ = false;
  answer_broken_ = false;
  if (output_.capacity() > max_kept_output_bytes) {
    output_ = {};
  }
}

// Waits for a request and reads its head. data: it is whole, or why says what is wrong with it.
awaitable<connection::input> connection::read_head(request_parser& parser, std::optional<failure>& why) {
  const server_options& limits = server_.options;
  head_scanner scanner({limits.max_header_bytes, limits.max_target_bytes});
  idle_ = input_.empty();
  limit_time(idle_ ? limits.idle_timeout : limits.header_timeout);
  if (idle_ && output_.capacity() > 0) {
    // An idle connection holds no memory that it can do without; a busy one gets this back from the allocator's cache.
    output_ = {};
  }
  while (true) {
    if (!input_.empty()) {
      head_scanner::result seen = scanner.look(input_.view());
      if (seen.end > 0) {
        began_ = steady_clock::now();
        deadlines::clear(*this);
        why = parser.read_head(input_.view().substr(seen.begin, seen.end - seen.begin), request_);
        input_.consume(seen.end);
        co_return input::data;
      }
      if (seen.why) {
        why = std::move(seen.why);
        co_return input::data;
      }
    }
    const input got = co_await fill(limits.max_header_bytes + limits.max_target_bytes, true);
    if (got == input::expired && !idle_) {
      why = failure{408, "request_timeout",
                    "the head of the request took longer than header_timeout = " +
                        std::to_string(limits.header_timeout.count()) + " ms"};
      co_return input::data;
    }
    if (got != input::data) {
      co_return input::closed;
    }
    if (idle_) {
      idle_ = false;
      limit_time(limits.header_timeout);
    }
  }
}

// One request and its answer; false: the connection is over.
awaitable<bool> connection::exchange() {
  begin_request();
  request_parser parser;
  std::optional<failure> malformed;
  const input got = co_await read_head(parser, malformed);
  if (got != input::data) {
    co_return false;
  }
  if (malformed && began_ == steady_clock::time_point()) {
    began_ = steady_clock::now();
  }
  idle_ = false;
  expired_ = false;
  request_.remote_address = remote_address_;
  request_.secure = transport_.secure();
  const auto sent_id = request_.header_named("X-Request-Id");
  request_.id = sent_id && is_request_id(*sent_id) ? std::string(*sent_id) : here_.new_request_id();

  outcome result;
  if (malformed) {
    result.answer = refusal(*malformed);
  } else {
    co_await answer_request(parser, result);
  }
  if (answer_broken_) {
    status_ = 499;  // the client left before it had sent all
    record();
    co_return false;
  }
  expired_ = false;
  // A small rest of a body is read behind the answer, and the connection kept. Who waits for 100 Continue may send it
  // or not: then nobody knows where the next request begins.
  const bool drains = result.body_left && !malformed && !body_failure_ && !parser.expects_continue() &&
                      parser.declared_bytes() && *parser.declared_bytes() <= max_drained_bytes;
  const bool keep = !malformed && parser.keep_alive() && !stopping() && (!result.body_left || drains);
  const bool kept = co_await send(result.answer, keep, parser.is_http_1_0(), request_.verb == method::head);
  result.answer = {};
  record();
  if (kept && drains) {
    co_return co_await drain_body(parser);
  }
  // Who asked for the close, and was read to the end, sends nothing more that could reset the connection.
  const bool may_send_more = malformed || result.body_left || !input_.empty() || parser.keep_alive();
  if (!kept && may_send_more && !answer_broken_ && !aborted_ && !expired_) {
    co_await linger();
  } else if (!kept) {
    transport_.finish();
  }
  co_return kept;
}

void connection::record() {
  const double seconds = std::chrono::duration<double>(steady_clock::now() - began_).count();
  server_.sent_bytes.add(sent_);
  const auto& figures = route_ != nullptr ? server_.figures.at(route_) : server_.unrouted.at(&speaker());
  figures.by_class[std::clamp(status_ / 100, 1U, 5U) - 1]->add();
  figures.seconds->observe(seconds);
  if (core::log::enabled(core::log::level::info)) {
    core::log::info("request", {{"method", name_of(request_.verb)},
                                {"route", route_ != nullptr ? std::string_view(route_->path) : "(none)"},
                                {"status", status_},
                                {"bytes", sent_},
                                {"ms", seconds * 1000},
                                {"request", request_.id},
                                {"credential", caller_id_.empty() ? std::string_view("-") : caller_id_}});
  }
}

}  // namespace eunomia::wire::http
