#include <random>

#include "wire/http/failure_delay.h"
#include "wire/http/test_server.h"

// Bodies: into memory, into a file, line by line, and those that nobody wants.

namespace eunomia::wire::http::test {
namespace {

namespace fs = std::filesystem;

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

class body_test : public server_test {
 protected:
  body_test() {
    speaks.add(
        method::post, "/file",
        [this](request& r) {
          struct stat about {};
          ::stat(r.body_file.c_str(), &about);
          mode_of_file = about.st_mode & 0777;
          const std::string text = core::read_file(r.body_file);
          return response{.body = std::to_string(r.body_bytes) + (text.size() == r.body_bytes ? " whole" : " broken")};
        },
        {body_policy::kind::file, 10 << 20});
    route lines{.verb = method::post, .path = "/lines", .who = access::open(), .run = nullptr};
    lines.body = {body_policy::kind::lines, 64 << 20};
    lines.open_sink = [this](request&) { return std::make_unique<collecting_sink>(*this); };
    speaks.table.push_back(std::move(lines));
  }

  // Counts lines, and knows whether they came in order; "stop" among them is refused.
  class collecting_sink final : public line_sink {
   public:
    explicit collecting_sink(body_test& to) : to_(to) {}
    ~collecting_sink() override { to_.sinks_ended++; }
    void take(std::span<const std::string_view> lines, std::uint64_t first) override {
      for (const std::string_view line : lines) {
        if (line == "stop") {
          throw core::error(core::errc::invalid_argument, "line " + std::to_string(first) + " says stop");
        }
        ++count_;
        bytes_ += line.size();
      }
      in_order_ = in_order_ && first + lines.size() == count_ + 1;
      to_.lines_taken = count_;
    }
    response finish() override {
      return {.body = std::to_string(count_) + " lines, " + std::to_string(bytes_) + " bytes" +
                      (in_order_ ? "" : ", out of order")};
    }

   private:
    body_test& to_;
    std::uint64_t count_ = 0;
    std::uint64_t bytes_ = 0;
    bool in_order_ = true;
  };

  std::atomic<unsigned> mode_of_file = 0;
  std::atomic<std::uint64_t> lines_taken = 0;
  std::atomic<int> sinks_ended = 0;
};

TEST_F(body_test, a_chunked_body_arrives_whole) {
  start();
  peer one = connect();
  const answer got = one.ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("hello ") +
                             chunk("world") + "0\r\n\r\n");
  EXPECT_EQ(got.body, "hello world");
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

TEST_F(body_test, an_absent_body_in_memory_is_empty) {
  start();
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nHost: h\r\n\r\n").status, 200U);
}

TEST_F(body_test, a_file_or_lines_need_a_declared_body) {
  start();
  EXPECT_EQ(ask("POST /file HTTP/1.1\r\nHost: h\r\n\r\n").status, 411U);
  EXPECT_EQ(ask("POST /lines HTTP/1.1\r\nHost: h\r\n\r\n").status, 411U);
}

TEST_F(body_test, a_body_above_the_limit_is_413_that_names_it_declared_or_not) {
  start();
  const std::string large(100'001, 'x');
  peer declared = connect();
  const answer first = declared.ask(post("/echo", large));
  EXPECT_EQ(first.status, 413U);
  EXPECT_NE(first.body.find("100000"), std::string::npos);
  peer chunked = connect();
  const answer second =
      chunked.ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(large) + chunk(large));
  EXPECT_EQ(second.status, 413U);
  EXPECT_EQ(second.headers.at("connection"), "close");
}

TEST_F(body_test, a_client_that_is_still_sending_sees_an_early_answer) {
  start();
  peer one = connect();
  one.send("POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  EXPECT_EQ(one.read_answer().status, 404U);
  EXPECT_TRUE(one.is_closed());
}

TEST_F(body_test, a_small_body_that_nobody_wants_keeps_the_connection) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(post("/nowhere", "a small body")).status, 404U);
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

TEST_F(body_test, a_body_for_a_route_without_one_is_refused) {
  start();
  EXPECT_EQ(ask("GET /worker HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx").status, 400U);
}

TEST_F(body_test, who_expects_100_continue_gets_it_or_the_refusal) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").status,
            100U);
  EXPECT_EQ(one.ask("hello").body, "hello");
  const answer refused =
      one.ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.status, 413U);
  EXPECT_EQ(refused.headers.at("connection"), "close");
  one.finish_sending();
  EXPECT_TRUE(one.is_closed());
}

TEST_F(body_test, a_body_that_stops_is_408) {
  options.body_timeout = std::chrono::milliseconds(30);
  start();
  for (const std::string path : {"/echo", "/file", "/lines"}) {
    const answer got = ask("POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nhalf");
    EXPECT_EQ(got.status, 408U) << path;
    EXPECT_NE(got.body.find("body_timeout = 30 ms"), std::string::npos) << path;
  }
  EXPECT_EQ(files_in(options.upload_folder), 0U);
}

TEST_F(body_test, an_upload_is_a_file_of_its_owner_that_goes_with_the_request) {
  start();
  const std::string body(5'000'000, 'u');
  peer one = connect();
  EXPECT_EQ(one.ask(post("/file", body)).body, "5000000 whole");
  EXPECT_EQ(mode_of_file, 0600U);
  EXPECT_EQ(files_in(options.upload_folder), 0U);
  one.send("POST /file HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    one.send(chunk(body.substr(0, 10'000)));
  }
  EXPECT_EQ(one.ask("0\r\n\r\n").body, "1000000 whole");
  EXPECT_EQ(files_in(options.upload_folder), 0U);
}

TEST_F(body_test, an_upload_that_is_broken_off_leaves_nothing) {
  start();
  {
    peer one = connect();
    one.send("POST /file HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + std::string(1'000'000, 'x'));
    eventually([&] { return files_in(options.upload_folder) == 1; });
  }
  eventually([&] { return files_in(options.upload_folder) == 0; });
}

TEST_F(body_test, an_upload_that_cannot_be_written_says_so_and_leaves_nothing) {
  start();
  fs::remove_all(options.upload_folder);
  const answer got = ask(post("/file", "text"));
  EXPECT_EQ(got.status, 404U) << "the folder is gone";
}

TEST_F(body_test, what_a_killed_process_left_of_uploads_is_removed_at_the_start) {
  fs::create_directories(options.upload_folder);
  core::write_file(options.upload_folder / "upload-1", std::string_view("left"));
  start();
  EXPECT_EQ(files_in(options.upload_folder), 0U);
}

TEST_F(body_test, lines_reach_the_sink_in_order_whatever_their_number) {
  start();
  std::string body;
  std::uint64_t bytes = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::string line = "{\"event\":" + std::to_string(i) + "}";
    bytes += line.size();
    body += line + (i % 2 == 0 ? "\n" : "\r\n");
  }
  const std::string expected = "300000 lines, " + std::to_string(bytes) + " bytes";
  EXPECT_EQ(ask(post("/lines", body)).body, expected);
  peer one = connect();
  one.send("POST /lines HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::size_t at = 0; at < body.size(); at += 99'991) {
    one.send(chunk(std::string_view(body).substr(at, 99'991)));
  }
  EXPECT_EQ(one.ask("0\r\n\r\n").body, expected);
}

TEST_F(body_test, lines_of_a_slow_client_are_taken_before_it_ends) {
  start();
  peer one = connect();
  one.send("POST /lines HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one\ntwo\nthr"));
  eventually([&] { return lines_taken == 2; });
  one.send(chunk("ee\n"));
  eventually([&] { return lines_taken == 3; });
  EXPECT_EQ(one.ask("0\r\n\r\n").body, "3 lines, 11 bytes");
}

TEST_F(body_test, a_sink_that_throws_ends_the_request_with_its_error) {
  start();
  peer one = connect();
  const answer got = one.ask(post("/lines", "stop\nmore\n"));
  EXPECT_EQ(got.status, 400U);
  EXPECT_EQ(got.body, "invalid_argument: line 1 says stop");
  EXPECT_EQ(sinks_ended, 1);
}

TEST_F(body_test, a_line_that_is_too_long_is_413_that_names_limit_and_line) {
  start();
  const answer got = ask(post("/lines", "short\n" + std::string(line_sink::max_line_bytes + 100'000, 'x')));
  EXPECT_EQ(got.status, 413U);
  EXPECT_NE(got.body.find("max_line_bytes = 1048576"), std::string::npos);
}

TEST_F(body_test, a_sink_ends_when_its_client_leaves) {
  start();
  {
    peer one = connect();
    one.send("POST /lines HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\none\n");
    eventually([&] { return lines_taken == 1; });
  }
  eventually([&] { return sinks_ended == 1; });
}

TEST_F(body_test, a_slow_sink_holds_the_client_back) {
  gate go_on;
  std::atomic<std::uint64_t> taken = 0;
  class slow_sink final : public line_sink {
   public:
    slow_sink(gate& wait, std::atomic<std::uint64_t>& taken) : wait_(wait), taken_(taken) {}
    void take(std::span<const std::string_view> lines, std::uint64_t) override {
      wait_.wait();
      taken_ += lines.size();
    }
    response finish() override { return {.body = std::to_string(taken_)}; }

   private:
    gate& wait_;
    std::atomic<std::uint64_t>& taken_;
  };
  route slow{.verb = method::post, .path = "/slow", .who = access::open(), .run = nullptr};
  slow.body = {body_policy::kind::lines, std::uint64_t{1} << 30};
  slow.open_sink = [&](request&) { return std::make_unique<slow_sink>(go_on, taken); };
  speaks.table.push_back(std::move(slow));
  start();
  peer one = connect();
  const std::string line = std::string(999, 'x') + "\n";
  one.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 64000000\r\n\r\n");
  std::atomic<int> sent = 0;
  std::thread sender([&] {
    for (int i = 0; i < 64'000; ++i) {
      one.send(line);
      ++sent;
    }
  });
  // The sender comes to a stand: the sockets hold some megabytes, the server a piece.
  int before = -1;
  eventually([&] {
    ::poll(nullptr, 0, 50);
    return std::exchange(before, sent.load()) == sent && sent > 0;
  });
  EXPECT_LT(sent, 64'000);
  EXPECT_LT(figure("eunomia_http_received_bytes_total"), 2e6);
  go_on.open();
  sender.join();
  EXPECT_EQ(one.read_answer().body, "64000");
}

TEST_F(body_test, a_file_is_sent_whole_and_removed_when_asked) {
  const fs::path path = folder.path() / "export.bin";
  std::string content(3'000'000, 0);
  std::mt19937 random(7);
  for (char& c : content) {
    c = static_cast<char>(random());
  }
  core::write_file(path, content);
  speaks.add(method::get, "/export", [&](request&) {
    return response{.content_type = "application/octet-stream", .file = path, .remove_file = true};
  });
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(get("/export")).body, content);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(one.ask(get("/export")).status, 404U) << "it is gone";
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

// A credential that covers the body has it checked before a handler runs.
class guarded_body_test : public body_test {
 protected:
  guarded_body_test() {
    const access engineers = access::roles(role::engineer);
    speaks.add(
        method::post, "/signed",
        [this](request& r) {
          ++answered;
          return response{.body = r.body + " " + std::to_string(r.body_bytes)};
        },
        {body_policy::kind::memory, 100}, execution::worker, engineers);
    speaks.add(
        method::post, "/signed/file",
        [this](request& r) {
          ++answered;
          return response{.body = core::read_file(r.body_file) + " " + std::to_string(r.body_bytes)};
        },
        {body_policy::kind::file, 10 << 20}, execution::worker, engineers);
    speaks.add(
        method::get, "/signed",
        [this](request&) {
          ++answered;
          return response{.body = "read"};
        },
        {}, execution::worker, engineers);
    for (route& one : speaks.table) {
      if (one.path == "/lines") {
        one.who = engineers;
      }
    }
  }
  static std::string signed_post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nAuthorization: Signed engineer\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }
  std::atomic<int> answered = 0;
};

TEST_F(guarded_body_test, what_it_lets_through_is_what_handlers_see) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(signed_post("/signed", "he-ll-o!")).body, "hello! 6");
  const std::string long_body = std::string(3'000'000, 'x') + "-!";
  EXPECT_EQ(one.ask(signed_post("/signed/file", long_body)).body, std::string(3'000'000, 'x') + "! 3000001");
  EXPECT_EQ(one.ask("POST /signed HTTP/1.1\r\nHost: h\r\nAuthorization: Signed engineer\r\nTransfer-Encoding: chunked"
                    "\r\n\r\n" +
                    chunk("a-") + chunk("-b!") + "0\r\n\r\n")
                .body,
            "ab! 3");
}

TEST_F(guarded_body_test, what_it_refuses_reaches_no_handler) {
  start();
  peer one = connect();
  const answer wrong = one.ask(signed_post("/signed", "hello"));
  EXPECT_EQ(wrong.status, 403U);
  EXPECT_EQ(wrong.body, "wrong_signature: no '!' ends the body");
  EXPECT_EQ(one.ask(signed_post("/signed/file", "hello")).status, 403U);
  EXPECT_EQ(one.ask(signed_post("/signed", "")).status, 403U) << "an empty body is one too";
  EXPECT_EQ(ask("GET /signed HTTP/1.1\r\nHost: h\r\nAuthorization: Signed engineer\r\n\r\n").status, 403U);
  EXPECT_EQ(ask(signed_post("/signed", "who?!")).body, "invalid_argument: the body asks");
  EXPECT_EQ(ask(signed_post("/lines", "a line!\n")).status, 403U);
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(files_in(options.upload_folder), 0U);
}

TEST_F(guarded_body_test, a_body_that_does_not_fit_its_credential_is_a_wrong_credential) {
  start();
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned i = 0; i <= failure_delay::free_failures; ++i) {
    EXPECT_EQ(ask(signed_post("/signed", "hello")).status, 403U);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, failure_delay::first_delay);
  EXPECT_EQ(ask(signed_post("/signed", "hello!")).status, 200U);
}

}  // namespace
}  // namespace eunomia::wire::http::test
