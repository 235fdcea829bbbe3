#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/temporary_directory.h"
#include "wire/http/server.h"
#include "wire/http/text.h"

// What the tests of the server share: a protocol of small routes, a server of it on a free port, and a client that
// sends exactly the bytes that a test says.
namespace eunomia::wire::http::test {

// Opens once; whoever waits for it goes on.
class gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Of a credential that covers the body: it must end with '!', without '?', and handlers see it without '-'.
class test_guard final : public body_guard {
 public:
  std::optional<refusal> take(std::string_view bytes, std::string& body) override {
    for (const char c : bytes) {
      if (c == '?') {
        return refusal{{400, "invalid_argument", "the body asks"}, false};
      }
      if (c != '-') {
        body += c;
      }
      last_ = c;
    }
    return std::nullopt;
  }
  std::optional<refusal> finish() override {
    return last_ == '!' ? std::nullopt : std::optional(refusal{{403, "wrong_signature", "no '!' ends the body"}, true});
  }

 private:
  char last_ = 0;
};

// "Bearer engineer" and so on: the token is the role. "Signed engineer": it covers the body too.
class role_tokens final : public authenticator {
 public:
  outcome authenticate(const request& head) const override {
    const auto given = head.header_named("Authorization");
    if (!given) {
      return {.who = std::nullopt, .reason = "no Authorization header"};
    }
    try {
      outcome said{.who = identity{"tok-1", role_named(given->substr(std::min<std::size_t>(7, given->size())))},
                   .reason = {}};
      if (given->starts_with("Signed ")) {
        said.guard = std::make_unique<test_guard>();
      }
      return said;
    } catch (const core::error&) {
      return {.who = std::nullopt, .reason = "the token is unknown", .was_tried = true};
    }
  }
  std::string challenge() const override { return "Bearer realm=\"test\""; }
};

class test_protocol final : public protocol {
 public:
  std::vector<route> table;

  std::string_view name() const override { return "test"; }
  bool claims(const request&) const override { return true; }
  std::span<const route> routes() const override { return table; }
  const authenticator& credentials() const override { return tokens_; }
  response answer_of(const request&, const failure& why) const override {
    return {.status = why.status, .content_type = "text/plain", .body = why.code + ": " + why.message};
  }

  route& add(method verb, std::string path, route::handler run, body_policy body = {},
             execution where = execution::worker, access who = access::open()) {
    return table.emplace_back(route{verb, std::move(path), who, std::move(run), body, where});
  }

 private:
  role_tokens tokens_;
};

struct answer {
  unsigned status = 0;                         // 0: the connection closed, or broke, before an answer was whole
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class peer {
 public:
  explicit peer(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      throw std::runtime_error("cannot connect to the server of the test");
    }
  }

  // False when the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.reset(); }

  // The next answer, with Content-Length, chunked or up to the end. head_only: of a HEAD.
  answer read_answer(bool head_only = false) {
    answer got;
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) {
        return got;
      }
    }
    const std::string head = take(end + 4);
    for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const auto stop = head.find("\r\n", at);
      const auto colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), lower);
      got.headers[name] = head.substr(colon + 2, stop - colon - 2);
      at = stop + 2;
    }
    const auto status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
    const bool bodiless = head_only || status == 204 || status == 304 || status < 200;
    bool whole = true;
    if (!bodiless && got.headers.contains("content-length")) {
      const std::size_t size = std::stoul(got.headers["content-length"]);
      while (buffer_.size() < size && whole) {
        whole = fill();
      }
      got.body = take(std::min(size, buffer_.size()));
    } else if (!bodiless && got.headers.contains("transfer-encoding")) {
      whole = read_chunks(got.body);
    } else if (!bodiless) {
      got.body = read_to_end();
    }
    got.status = whole ? status : 0;
    return got;
  }
  // Everything up to the close.
  std::string read_to_end() {
    while (fill()) {
    }
    return take(buffer_.size());
  }
  // Waits for the close; what comes before it stays.
  bool is_closed() {
    while (fill()) {
    }
    return buffer_.empty();
  }
  answer ask(std::string_view bytes) {
    send(bytes);
    return read_answer();
  }
  bool has_input() const {
    pollfd one{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) > 0;
  }
  // Until this text has arrived; false when the connection ends before.
  bool wait_for(std::string_view text) {
    while (buffer_.find(text) == std::string::npos) {
      if (!fill()) {
        return false;
      }
    }
    return true;
  }

 private:
  bool fill() {
    char some[16 * 1024];
    const ssize_t got = ::recv(socket_.get(), some, sizeof some, 0);
    if (got > 0) {
      buffer_.append(some, static_cast<std::size_t>(got));
    }
    return got > 0;
  }
  std::string take(std::size_t count) {
    std::string front = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return front;
  }
  bool read_chunks(std::string& body) {
    while (true) {
      if (!wait_for("\r\n")) {
        return false;
      }
      const std::string line = take(buffer_.find("\r\n") + 2);
      const std::size_t size = std::stoul(line, nullptr, 16);
      while (buffer_.size() < size + 2) {
        if (!fill()) {
          return false;
        }
      }
      body += take(size);
      take(2);
      if (size == 0) {
        return true;
      }
    }
  }

  core::file_descriptor socket_;
  std::string buffer_;
};

inline std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more) + "\r\n" + std::string(body);
}
inline std::string chunk(std::string_view text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}

// A test adds routes, starts the server with options, and asks.
class server_test : public ::testing::Test {
 protected:
  server_test() {
    options.port = 0;
    options.io_threads = 2;
    options.workers = 4;
    options.upload_folder = folder.path() / "uploads";
    speaks.add(
        method::get, "/plain", [](request&) { return response{.content_type = "text/plain", .body = "plain"}; }, {},
        execution::inline_);
    speaks.add(method::get, "/worker", [](request&) { return response{.body = "worked"}; });
    speaks.add(method::post, "/echo", [](request& r) { return response{.body = r.body}; },
               {body_policy::kind::memory, 100'000});
    speaks.add(method::get, "/echo/{first}/{second}", [](request& r) {
      return response{.body = r.path_parameter("first") + "|" + r.path_parameter("second")};
    });
  }
  ~server_test() override { running.reset(); }

  void start() {
    const protocol* const all[] = {&speaks};
    running = server::start(options, all, figures);
  }
  peer connect(int receive_buffer = 0) { return peer(running->port(), receive_buffer); }
  answer ask(std::string_view bytes) { return connect().ask(bytes); }
  // Of a sample of /metrics, as it stands there.
  double figure(const std::string& sample) const {
    const std::string text = "\n" + figures.text();
    const auto at = text.find("\n" + sample + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
  }
  // Waits for a condition that other threads bring about.
  template <class Condition>
  static void eventually(const Condition& holds) {
    while (!holds()) {
      ::poll(nullptr, 0, 2);
    }
  }

  core::temporary_directory folder;
  server_options options;
  test_protocol speaks;
  metrics figures;
  std::unique_ptr<server> running;
};

}  // namespace eunomia::wire::http::test
