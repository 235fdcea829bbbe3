#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/log.h"
#include "wire/http/connection.h"
#include "wire/http/line_splitter.h"
#include "wire/http/on_worker.h"

// Bodies. While a piece is with the worker pool the connection reads nothing: the socket's window is the back-pressure.

namespace eunomia::wire::http {

namespace {

constexpr std::size_t body_buffer_bytes = 64 * 1024;
constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::chrono::milliseconds retry_pause{20};

failure too_large(std::uint64_t limit) {
  return {413, "content_too_large",
          "the body is larger than this route takes: body_limit = " + std::to_string(limit) + " bytes"};
}

void write_all(int file, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      core::throw_system_error(errno, "write the upload", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

// Appends what there is of the body to `into`, waiting for some if there is none yet and it may.
awaitable<connection::body_state> connection::read_some_body(request_parser& parser, std::uint64_t limit,
                                                             std::string& into, bool may_wait) {
  while (!parser.done()) {
    if (!input_.empty()) {
      const std::uint64_t before = parser.body_bytes();
      input_.consume(take_body(parser, into));
      if (!body_failure_ && parser.body_bytes() > limit) {
        body_failure_ = too_large(limit);
      }
      if (body_failure_) {
        co_return body_state::failed;
      }
      if (parser.done()) {
        break;
      }
      if (parser.body_bytes() > before) {
        co_return body_state::more;
      }
    }
    if (input_.empty() && parser.declared_bytes().value_or(body_buffer_bytes) > block_pool::block_bytes) {
      input_.reserve(body_buffer_bytes);
    }
    limit_time(server_.options.body_timeout);
    switch (co_await fill(body_buffer_bytes, may_wait)) {
      case input::data: break;
      case input::nothing:
        if (!may_wait) {
          co_return body_state::nothing;
        }
        body_failure_ = failure{400, "invalid_argument", "a chunk header longer than 65536 bytes"};
        co_return body_state::failed;
      case input::closed: co_return body_state::gone;
      case input::expired:
        body_failure_ = failure{408, "request_timeout",
                                "no byte of the body arrived for body_timeout = " +
                                    std::to_string(server_.options.body_timeout.count()) + " ms"};
        co_return body_state::failed;
    }
  }
  co_return end_body();
}

// What the parser finds at the front of the input, as the credential lets it through; how many bytes that took.
std::size_t connection::take_body(request_parser& parser, std::string& into) {
  const std::size_t before = into.size();
  std::size_t used = 0;
  if (guard_) {
    guarded_.clear();
    used = parser.read_body(input_.view(), guarded_, body_failure_);
    if (auto against = body_failure_ ? std::nullopt : guard_->take(guarded_, into)) {
      refuse_body(std::move(*against));
    }
  } else {
    used = parser.read_body(input_.view(), into, body_failure_);
  }
  request_.body_bytes += into.size() - before;
  return used;
}

// Whether the caller called, where their credential covers the body.
connection::body_state connection::end_body() {
  if (!guard_) {
    return body_state::whole;
  }
  const auto guard = std::move(guard_);
  if (auto against = guard->finish()) {
    refuse_body(std::move(*against));
    return body_state::failed;
  }
  request_.trailers = guard->trailers();
  server_.failures.succeeded(remote_address_);
  return body_state::whole;
}

void connection::refuse_body(body_guard::refusal why) {
  body_failure_ = std::move(why.why);
  wrong_credential_ = why.wrong_credential;
}

awaitable<connection::body_state> connection::read_to_memory(request_parser& parser, const route& to) {
  body_state state = body_state::more;
  while (state == body_state::more) {
    state = co_await read_some_body(parser, to.body.limit, request_.body, true);
  }
  co_return state;
}

// Has work run, however long the queue is full, up to body_timeout: a body under way is worth waiting for.
awaitable<bool> connection::on_worker_patiently(const std::function<void()>& work) {
  const auto until = steady_clock::now() + server_.options.body_timeout;
  while (true) {
    const bool ran = co_await on_worker(server_, work);
    if (ran) {
      co_return true;
    }
    const bool rested = co_await pause(retry_pause);
    if (!rested || steady_clock::now() > until) {
      body_failure_ =
          failure{503, "unavailable", "the server is busy: max_queue = " + std::to_string(server_.options.max_queue)};
      co_return false;
    }
  }
}

awaitable<connection::body_state> connection::read_to_file(request_parser& parser, const route& to) {
  request_.body_file = server_.options.upload_folder / ("upload-" + here_.new_request_id());
  core::file_descriptor file;
  std::string piece;
  body_state state = body_state::more;
  while (state == body_state::more) {
    while (state == body_state::more && piece.size() < piece_bytes) {
      state = co_await read_some_body(parser, to.body.limit, piece, true);
    }
    if (state == body_state::failed || state == body_state::gone) {
      co_return state;
    }
    std::optional<failure> broken;
    const std::function<void()> work = [&]() noexcept {
      try {
        if (!file) {
          file = core::open_file(request_.body_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
        }
        write_all(file.get(), piece, request_.body_file);
      } catch (const core::error& problem) {
        broken = failure_of(problem);
        core::log::error("an upload could not be kept",
                         {{"reason", core::kept_message_of(problem)}, {"request", request_.id}});
      }
    };
    const bool ran = co_await on_worker_patiently(work);
    if (!ran) {
      co_return body_state::failed;
    }
    if (broken) {
      body_failure_ = std::move(broken);
      co_return body_state::failed;
    }
    piece.clear();
  }
  co_return state;
}

// One piece of lines to the sink; false with body_failure_.
awaitable<bool> connection::deliver(line_splitter& lines, line_sink& to) {
  std::optional<failure> thrown;
  const std::function<void()> work = [&]() noexcept {
    try {
      to.take(lines.lines(), lines.first());
      lines.drop();
    } catch (...) {
      thrown = failure_now();
    }
  };
  const bool ran = co_await on_worker_patiently(work);
  if (ran && thrown) {
    body_failure_ = std::move(thrown);
  }
  co_return !body_failure_;
}

awaitable<connection::body_state> connection::read_lines(request_parser& parser, const route& to, response& answer) {
  std::unique_ptr<line_sink> sink;
  std::optional<failure> thrown;
  auto open = [&]() noexcept {
    try {
      sink = to.open_sink(request_);
    } catch (...) {
      thrown = failure_now();
    }
  };
  const bool opened = co_await on_worker(server_, open);
  if (!opened || thrown) {
    body_failure_ = opened ? std::move(thrown) : std::optional(busy());
    co_return body_state::failed;
  }

  line_splitter lines;
  body_state state = body_state::more;
  while (state == body_state::more || state == body_state::nothing) {
    // Lines that are here go on as soon as no more are at hand: a slow sender's are not kept waiting, a fast one's
    // gather by themselves while the last piece is worked on.
    state = co_await read_some_body(parser, to.body.limit, lines.tail(), !lines.has_lines());
    lines.note_appended();
    if (state == body_state::whole) {
      lines.end();
    }
    if (lines.open_bytes() > line_sink::max_line_bytes) {
      const std::uint64_t number = lines.first() + lines.lines().size();
      body_failure_ = failure{413, "content_too_large",
                              "line " + std::to_string(number) +
                                  " is longer than max_line_bytes = " + std::to_string(line_sink::max_line_bytes)};
      state = body_state::failed;
    }
    const bool enough = lines.bytes() >= piece_bytes || state == body_state::nothing || state == body_state::whole;
    if (state != body_state::failed && state != body_state::gone && enough && lines.has_lines()) {
      const bool taken = co_await deliver(lines, *sink);
      state = taken ? state : body_state::failed;
    }
  }
  // The sink ends on the pool as well: it may have something to undo.
  const std::function<void()> finish = [&]() noexcept {
    try {
      if (state == body_state::whole) {
        answer = sink->finish();
        take_file(answer);
      }
      sink.reset();
    } catch (...) {
      answer = refusal(failure_now());
    }
    sink.reset();
  };
  const bool finished = co_await on_worker_patiently(finish);
  if (!finished) {
    state = body_state::failed;
  }
  co_return state;
}

// Reads the rest of a body that nobody wants, when it is small: the connection can then be kept.
awaitable<bool> connection::drain_body(request_parser& parser) {
  guard_.reset();
  std::string ignored;
  body_state state = body_state::more;
  while (state == body_state::more) {
    ignored.clear();
    state = co_await read_some_body(parser, max_drained_bytes, ignored, true);
  }
  body_failure_.reset();
  co_return state == body_state::whole;
}

}  // namespace eunomia::wire::http
