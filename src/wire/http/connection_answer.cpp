#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>

#include "core/log.h"
#include "wire/http/connection.h"
#include "wire/http/on_worker.h"
#include "wire/http/text.h"

namespace eunomia::wire::http {

namespace {

constexpr std::chrono::milliseconds poll_interval{250};
constexpr std::chrono::seconds heartbeat_interval{15};
constexpr std::size_t file_piece_bytes = 256 * 1024;

std::string roles_of(const access& who) {
  std::string names;
  for (const role r : {role::administrator, role::privacy_officer, role::engineer, role::annotator, role::service}) {
    if (who.allows(r)) {
      names.append(names.empty() ? "" : ", ").append(name_of(r));
    }
  }
  return names;
}

// "data:" once for each line, as the format wants it.
void append_event(std::string& out, const event_source::event& e) {
  const auto add = [&](std::string_view field, std::string_view text) {
    while (true) {
      const auto end = text.find_first_of("\r\n");
      out.append(field).append(": ").append(text.substr(0, end)).append("\n");
      if (end == std::string_view::npos) {
        return;
      }
      text.remove_prefix(end + 1);
    }
  };
  if (!e.name.empty()) {
    add("event", e.name);
  }
  if (!e.id.empty()) {
    add("id", e.id);
  }
  add("data", e.data);
  out.append("\n");
}

std::string chunk_of(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = text.size(); rest > 0; rest /= 16) {
    size.insert(size.begin(), digits[rest % 16]);
  }
  return size.append("\r\n").append(text).append("\r\n");
}

}  // namespace

failure connection::failure_now() const {
  const std::string_view pattern = route_ != nullptr ? std::string_view(route_->path) : "(none)";
  const auto told = [&](const char* what) {
    core::log::error("a request failed", {{"route", pattern}, {"reason", what}, {"request", request_.id}});
  };
  failure hidden{500, "internal", "an internal error; the server's log tells more under request " + request_.id};
  try {
    throw;
  } catch (const core::error& problem) {
    failure why = failure_of(problem);
    if (why.status == 500) {
      told(problem.what());
    }
    return why;
  } catch (const std::bad_alloc&) {
    told("out of memory");
    return {503, "unavailable", "the server is out of memory; try again later"};
  } catch (const std::exception& problem) {
    told(problem.what());
    return hidden;
  } catch (...) {
    told("an exception that is no std::exception");
    return hidden;
  }
}

failure connection::busy() const {
  return {503, "unavailable",
          "the server is busy: max_queue = " + std::to_string(server_.options.max_queue) +
              " requests wait for a worker; try again in a second"};
}

response connection::refusal(const failure& why, std::vector<header> with) const {
  response answer;
  try {
    answer = speaker().answer_of(request_, why);
  } catch (const std::exception& problem) {
    core::log::error(
        "a protocol could not shape an error",
        {{"protocol", speaker().name()}, {"reason", core::kept_message_of(problem)}, {"request", request_.id}});
    answer = response{.status = 500, .content_type = "text/plain", .body = "internal error\n"};
  }
  for (header& each : with) {
    answer.headers.push_back(std::move(each));
  }
  if (why.status == 503) {
    answer.headers.push_back({"Retry-After", "1"});
  }
  return answer;
}

awaitable<bool> connection::pause(std::chrono::milliseconds time) {
  timer sleep(socket_.get_executor(), time);
  sleeping_ = &sleep;
  boost::system::error_code failure;
  co_await sleep.async_wait(asio::redirect_error(use_awaitable, failure));
  sleeping_ = nullptr;
  co_return !aborted_;
}

// Whether the caller may use the route; what is answered when not.
awaitable<std::optional<failure>> connection::admit(const protocol& speaks, const route& to,
                                                    std::vector<header>& with) {
  if (to.who.is_open()) {
    co_return std::nullopt;
  }
  authenticator::outcome said = speaks.credentials().authenticate(request_);
  if (said.who) {
    caller_id_ = said.who->id;
    guard_ = std::move(said.guard);
    if (!guard_) {
      server_.failures.succeeded(remote_address_);
    }
    if (!to.who.allows(said.who->as)) {
      co_return failure{403, "permission_denied",
                        "this route wants the role " + roles_of(to.who) + "; " + said.who->id + " has the role " +
                            std::string(name_of(said.who->as))};
    }
    request_.caller = std::move(said.who);
    co_return std::nullopt;
  }
  failure why{said.status, std::move(said.code), std::move(said.reason)};
  if (said.was_tried) {
    why = co_await slow_down(std::move(why), with);
  }
  if (why.status == 401) {
    with.push_back({"WWW-Authenticate", speaks.credentials().challenge()});
  }
  co_return why;
}

// After a wrong credential, waits as long as the address has earned; what is answered then.
awaitable<failure> connection::slow_down(failure why, std::vector<header>& with) {
  const failure_delay::verdict slow = server_.failures.failed(remote_address_, steady_clock::now());
  if (!slow.may_wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(slow.delay);
    with.push_back({"Retry-After", std::to_string(seconds.count())});
    co_return failure{429, "too_many_failures", "too many wrong credentials from this address; come back later"};
  }
  if (slow.delay.count() > 0) {
    co_await pause(slow.delay);
    server_.failures.end_wait(remote_address_);
  }
  co_return why;
}

// Opens the file of an answer, on whatever thread the answer was made; throws, and there is another answer.
void connection::take_file(response& answer) {
  if (answer.file.empty()) {
    return;
  }
  file_ = core::open_file(answer.file, O_RDONLY);
  struct stat about {};
  if (::fstat(file_.get(), &about) != 0) {
    core::throw_system_error(errno, "read", answer.file);
  }
  file_bytes_ = static_cast<std::uint64_t>(about.st_size);
  if (answer.remove_file) {
    ::unlink(answer.file.c_str());  // what is open can still be read, and is gone even if the process is killed
  }
}

awaitable<void> connection::run_handler(const route& to, outcome& result) {
  auto work = [&]() noexcept {
    try {
      result.answer = to.run(request_);
      take_file(result.answer);
    } catch (...) {
      result.answer = refusal(failure_now());
    }
    remove_body_file();
  };
  if (to.where == execution::inline_) {
    work();
    co_return;
  }
  const bool ran = co_await on_worker(server_, work);
  if (!ran) {
    result.answer = refusal(busy());
    remove_body_file();
  }
}

void connection::remove_body_file() noexcept {
  if (!request_.body_file.empty()) {
    ::unlink(request_.body_file.c_str());
    request_.body_file.clear();
  }
}

// From the head on: finds the route, admits the caller, reads the body, runs the handler.
awaitable<void> connection::answer_request(request_parser& parser, outcome& result) {
  result.body_left = !parser.done();
  const router::match found = server_.routes.find(request_, parser.known_method());
  speaks_ = found.speaks;
  route_ = found.found;
  if (route_ == nullptr && found.allowed.empty()) {
    result.answer =
        refusal(request_.leads_upwards ? failure{400, "invalid_argument",
                                                 "the path has a segment \".\" or \"..\"; send the path that is meant"}
                                       : failure{404, "not_found", "there is nothing at this path"});
    co_return;
  }
  if (route_ == nullptr) {
    std::string allowed;
    for (const method m : found.allowed) {
      allowed.append(allowed.empty() ? "" : ", ").append(name_of(m));
    }
    std::vector<header> with = {{"Allow", allowed}};
    result.answer = refusal({405, "method_not_allowed", "this path takes " + allowed}, std::move(with));
    co_return;
  }
  const route& to = *route_;
  std::vector<header> with;
  std::optional<failure> why = co_await admit(*speaks_, to, with);
  using kind = body_policy::kind;
  if (!why && guard_ && to.body.into == kind::lines) {
    why = failure{403, "permission_denied", "this route takes no credential that signs the body; use a token"};
  }
  if (!why && to.body.into == kind::none && !parser.done()) {
    why = failure{400, "invalid_argument", "this route takes no body"};
  }
  if (!why && (to.body.into == kind::file || to.body.into == kind::lines) && !parser.declares_body()) {
    why =
        failure{411, "length_required", "this route needs a body: send Content-Length, or Transfer-Encoding: chunked"};
  }
  if (!why && parser.declared_bytes().value_or(0) > to.body.limit && to.body.into != kind::none) {
    why = failure{413, "content_too_large",
                  "the body has " + std::to_string(*parser.declared_bytes()) +
                      " bytes, more than this route takes: body_limit = " + std::to_string(to.body.limit) + " bytes"};
  }
  if (why) {
    result.answer = refusal(*why, std::move(with));
    co_return;
  }

  if (!parser.done() && parser.expects_continue() && input_.empty()) {
    const bool told = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) {
      answer_broken_ = true;
      co_return;
    }
  }
  body_state state = body_state::whole;
  switch (to.body.into) {
    case kind::none: state = end_body(); break;
    case kind::memory: state = co_await read_to_memory(parser, to); break;
    case kind::file: state = co_await read_to_file(parser, to); break;
    case kind::lines: state = co_await read_lines(parser, to, result.answer); break;
  }
  result.body_left = !parser.done();
  deadlines::clear(*this);
  if (state == body_state::whole && to.body.into != kind::lines) {
    co_await run_handler(to, result);
    co_return;
  }
  remove_body_file();
  if (state == body_state::gone) {
    answer_broken_ = true;
  } else if (state == body_state::failed) {
    if (wrong_credential_) {
      body_failure_ = co_await slow_down(std::move(*body_failure_), with);
    }
    result.answer = refusal(*body_failure_, std::move(with));
  }
}

awaitable<bool> connection::send(response& answer, bool keep, bool http_1_0, bool is_head) {
  if (!is_sendable(answer)) {
    core::log::error("an answer has a status or a header that cannot be sent", {{"request", request_.id}});
    answer = refusal({500, "internal", "an internal error; the server's log tells more under request " + request_.id});
    file_.reset();
  }
  status_ = answer.status;
  const bool streams = answer.events != nullptr;
  answer_framing framing;
  framing.close = !keep || (streams && http_1_0);
  framing.keep_alive_1_0 = http_1_0;
  framing.chunked = streams && !http_1_0;
  if (!streams) {
    framing.length = file_ ? file_bytes_ : (answer.source ? answer.source->size() : answer.body.size());
  } else {
    answer.content_type = "text/event-stream";
  }
  output_.clear();
  append_head(output_, answer, framing, request_.id, here_.date());
  const bool bodiless = is_head || answer.status == 204 || answer.status == 304;
  if (bodiless) {
    file_.reset();
  }
  if (bodiless || (!streams && !file_ && !answer.source)) {
    std::string_view first = output_;
    std::string_view second = bodiless ? std::string_view() : std::string_view(answer.body);
    if (!transport_.secure() && !write_now(first, second)) {
      co_return false;
    }
    if (first.empty() && second.empty()) {
      co_return !framing.close;
    }
    const bool written = co_await write(first, second);
    co_return written && !framing.close;
  }
  bool whole = false;
  if (streams) {
    whole = co_await write(output_);
    if (whole) {
      whole = co_await send_events(*answer.events, framing.chunked);
    }
  } else if (answer.source) {
    whole = co_await send_source(output_, *answer.source);
  } else {
    whole = co_await send_file(output_);
  }
  file_.reset();
  answer_broken_ = !whole;
  co_return whole && !framing.close;
}

awaitable<bool> connection::send_file(std::string_view head) {
  std::string piece;
  std::uint64_t at = 0;
  while (at < file_bytes_) {
    int failed = 0;
    const std::function<void()> read = [&]() noexcept {
      piece.resize(std::min<std::uint64_t>(file_piece_bytes, file_bytes_ - at));
      ssize_t got = -1;
      do {
        got = ::pread(file_.get(), piece.data(), piece.size(), static_cast<off_t>(at));
      } while (got < 0 && errno == EINTR);
      failed = got > 0 ? 0 : (got < 0 ? errno : EIO);
      piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    };
    const bool ran = co_await on_worker_patiently(read);
    if (!ran || failed != 0) {
      core::log::error("a file could not be sent to its end", {{"errno", failed}, {"request", request_.id}});
      co_return false;
    }
    const bool written = co_await write(head, piece);
    if (!written) {
      co_return false;
    }
    head = {};
    at += piece.size();
  }
  if (head.empty()) {
    co_return true;
  }
  co_return co_await write(head);
}

awaitable<bool> connection::send_source(std::string_view head, body_source& source) {
  std::string piece;
  std::uint64_t left = source.size();
  while (left > 0) {
    bool broken = false;
    const std::function<void()> read = [&]() noexcept {
      try {
        piece.resize(std::min<std::uint64_t>(file_piece_bytes, left));
        piece.resize(source.read(piece));
      } catch (...) {
        static_cast<void>(failure_now());
        broken = true;
      }
    };
    const bool ran = co_await on_worker_patiently(read);
    if (!ran || broken || piece.empty()) {
      core::log::error("a body could not be sent to its end", {{"left", left}, {"request", request_.id}});
      co_return false;
    }
    const bool written = co_await write(head, piece);
    if (!written) {
      co_return false;
    }
    head = {};
    left -= piece.size();
  }
  if (head.empty()) {
    co_return true;
  }
  co_return co_await write(head);
}

awaitable<bool> connection::send_events(event_source& events, bool chunked) {
  auto last_sent = steady_clock::now();
  while (!stopping() && !aborted_) {
    std::string text;
    bool ended = false;
    bool broken = false;
    auto poll = [&]() noexcept {
      try {
        ended = events.ended();  // before the last poll, so that nothing that came in between is lost
        for (const event_source::event& each : events.poll()) {
          append_event(text, each);
        }
      } catch (...) {
        static_cast<void>(failure_now());
        broken = true;
      }
    };
    co_await on_worker(server_, poll);  // a turn that finds the pool busy is left out
    const auto now = steady_clock::now();
    if (text.empty() && now - last_sent >= heartbeat_interval) {
      text = ": still here\n\n";
    }
    if (!text.empty()) {
      last_sent = now;
      const std::string piece = chunked ? chunk_of(text) : std::move(text);
      const bool written = co_await write(piece);
      if (!written) {
        co_return false;
      }
    }
    if (broken) {
      co_return false;
    }
    if (ended) {
      break;
    }
    co_await pause(poll_interval);
    char peeked = 0;
    if (::recv(socket_.native_handle(), &peeked, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
      co_return false;
    }
  }
  if (chunked) {
    co_return co_await write("0\r\n\r\n");
  }
  co_return true;
}

}  // namespace eunomia::wire::http
