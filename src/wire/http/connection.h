#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/file.h"
#include "wire/http/answer_head.h"
#include "wire/http/asio.h"
#include "wire/http/deadlines.h"
#include "wire/http/request_parser.h"
#include "wire/http/server_state.h"
#include "wire/http/transport.h"

namespace eunomia::wire::http {

// Up to this a rest of a body that nobody wants is read, and the connection kept.
inline constexpr std::size_t max_drained_bytes = 64 * 1024;

// One connection, from the accept to the close: a coroutine on its shard's thread that reads a request, has it answered
// and sends the answer, one after the other; so answers leave in the order of the requests, and what a client sends
// ahead stays in one bounded buffer and then in the socket. All members are that thread's, but for what a task on the
// worker pool is given while the coroutine sleeps.
class connection final : public deadlines::entry, public connection_hook {
 public:
  connection(server_state& server, shard& here, tcp_socket socket, std::string remote_address);
  ~connection() override;

  // Until the connection is over. Throws only what the system lacks memory for.
  awaitable<void> serve();

  // A graceful stop began: ends it when it is idle; else it ends behind the answer under way.
  void stop();
  // Ends it now.
  void abort();

  void expired() override;

 private:
  enum class input { data, nothing, closed, expired };
  struct outcome {
    response answer;
    bool body_left = false;  // of the request, unread in the socket
  };

  // connection.cpp: the life of a connection
  awaitable<bool> handshake();
  awaitable<bool> exchange();
  awaitable<input> read_head(request_parser& parser, std::optional<failure>& why);
  void begin_request();
  void record();

  // connection_input.cpp: bytes
  awaitable<input> fill(std::size_t limit, bool may_wait);
  awaitable<bool> wait_for(transport::wait what);
  awaitable<bool> write_rest(std::string_view first, std::string_view second);
  bool write_now(std::string_view& first, std::string_view& second);
  awaitable<bool> write(std::string_view first, std::string_view second = {});
  awaitable<void> linger();
  awaitable<bool> drain_body(request_parser& parser);

  // connection_body.cpp: what a request brings
  enum class body_state { more, nothing, whole, failed, gone };
  awaitable<body_state> read_some_body(request_parser& parser, std::uint64_t limit, std::string& into, bool may_wait);
  std::size_t take_body(request_parser& parser, std::string& into);
  body_state end_body();
  void refuse_body(body_guard::refusal why);
  awaitable<body_state> read_to_memory(request_parser& parser, const route& to);
  awaitable<body_state> read_to_file(request_parser& parser, const route& to);
  awaitable<body_state> read_lines(request_parser& parser, const route& to, response& answer);
  awaitable<bool> deliver(class line_splitter& lines, line_sink& to);
  awaitable<bool> on_worker_patiently(const std::function<void()>& work);

  // connection_answer.cpp: who may, what runs, what is sent
  awaitable<void> answer_request(request_parser& parser, outcome& result);
  awaitable<std::optional<failure>> admit(const protocol& speaks, const route& to, std::vector<header>& with);
  awaitable<failure> slow_down(failure why, std::vector<header>& with);
  awaitable<void> run_handler(const route& to, outcome& result);
  void remove_body_file() noexcept;
  response refusal(const failure& why, std::vector<header> with = {}) const;
  failure failure_now() const;  // of the exception being handled; logs what is ours to mend
  failure busy() const;
  void take_file(response& answer);
  awaitable<bool> send(response& answer, bool keep, bool http_1_0, bool is_head);
  awaitable<bool> send_file(std::string_view head);
  awaitable<bool> send_source(std::string_view head, body_source& source);
  awaitable<bool> send_events(event_source& events, bool chunked);
  awaitable<bool> pause(std::chrono::milliseconds time);

  bool stopping() const noexcept { return server_.stopping.load(std::memory_order_relaxed); }
  void limit_time(std::chrono::milliseconds from_now) {
    expired_ = false;
    here_.due.set(*this, steady_clock::now() + from_now);
  }
  const protocol& speaker() const { return speaks_ != nullptr ? *speaks_ : server_.fallback; }

  server_state& server_;
  shard& here_;
  tcp_socket socket_;
  const std::string remote_address_;
  tls_context tls_;  // of this connection, whatever is loaded later
  transport transport_;
  input_buffer input_;
  std::string output_;  // the head of an answer, and small bodies
  timer* sleeping_ = nullptr;

  request request_;
  const protocol* speaks_ = nullptr;
  const route* route_ = nullptr;
  steady_clock::time_point began_;
  std::string caller_id_;  // for the log
  unsigned status_ = 0;
  std::uint64_t sent_ = 0;
  core::file_descriptor file_;
  std::uint64_t file_bytes_ = 0;
  std::optional<failure> body_failure_;
  std::unique_ptr<body_guard> guard_;  // of the credential
  std::string guarded_;                // what it is given
  bool wrong_credential_ = false;      // it says so of the body

  unsigned since_wait_ = 0;  // requests answered without waiting for anything
  bool idle_ = false;        // between requests, or before the first: nothing arrived
  bool expired_ = false;     // the limit on time that is set was reached
  bool aborted_ = false;
  bool answer_broken_ = false;  // the body that the head promised could not be sent
};

}  // namespace eunomia::wire::http
