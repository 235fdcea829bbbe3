#include "core/memory.h"
#include "wire/http/test_server.h"

// What a client sends and gets, byte by byte: keeping connections, the order of answers, and when they are closed.

namespace eunomia::wire::http::test {
namespace {

TEST_F(server_test, a_connection_is_kept_for_one_request_after_another) {
  start();
  peer one = connect();
  for (int i = 0; i < 100; ++i) {
    const answer got = one.ask(get(i % 2 == 0 ? "/plain" : "/worker"));
    ASSERT_EQ(got.status, 200U);
    ASSERT_EQ(got.body, i % 2 == 0 ? "plain" : "worked");
    ASSERT_FALSE(got.headers.contains("connection"));
  }
}

TEST_F(server_test, pipelined_requests_are_answered_in_their_order) {
  start();
  peer one = connect();
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += i % 3 == 0   ? get("/plain")
           : i % 3 == 1 ? get("/echo/a/" + std::to_string(i))
                        : post("/echo", std::to_string(i));
  }
  one.send(all);
  for (int i = 0; i < 200; ++i) {
    const answer got = one.read_answer();
    ASSERT_EQ(got.status, 200U) << i;
    ASSERT_EQ(got.body, i % 3 == 0 ? "plain" : i % 3 == 1 ? "a|" + std::to_string(i) : std::to_string(i));
  }
}

TEST_F(server_test, a_request_may_arrive_byte_by_byte) {
  start();
  peer one = connect();
  for (const char c : post("/echo", "slowly")) {
    one.send({&c, 1});
  }
  EXPECT_EQ(one.read_answer().body, "slowly");
}

TEST_F(server_test, close_is_done_when_asked_for) {
  start();
  peer one = connect();
  const answer got = one.ask(get("/plain", "Connection: close\r\n"));
  EXPECT_EQ(got.headers.at("connection"), "close");
  EXPECT_TRUE(one.is_closed());
}

TEST_F(server_test, http_1_0_is_closed_unless_it_asks_to_be_kept) {
  start();
  peer once = connect();
  EXPECT_EQ(once.ask("GET /plain HTTP/1.0\r\n\r\n").body, "plain");
  EXPECT_TRUE(once.is_closed());
  peer kept = connect();
  const std::string asking = "GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(kept.ask(asking).headers.at("connection"), "keep-alive");
  EXPECT_EQ(kept.ask(asking).body, "plain");
}

TEST_F(server_test, head_is_get_without_the_body) {
  start();
  peer one = connect();
  one.send("HEAD /plain HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(one.read_answer(true).headers.at("content-length"), "5");
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

// So many letters, or fewer than it says.
class letters final : public body_source {
 public:
  letters(std::uint64_t says, std::uint64_t has) : says_(says), left_(has) {}
  std::uint64_t size() const override { return says_; }
  std::size_t read(std::span<char> into) override {
    const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    if (some == 0) {
      throw std::runtime_error("nothing is left");
    }
    std::fill_n(into.begin(), some, 'x');
    left_ -= some;
    return some;
  }

 private:
  std::uint64_t says_;
  std::uint64_t left_;
};

TEST_F(server_test, a_body_is_made_while_it_is_sent) {
  for (const std::uint64_t size : {0, 1, 1'000'000}) {
    speaks.add(method::get, "/letters/" + std::to_string(size),
               [size](request&) { return response{.source = std::make_shared<letters>(size, size)}; });
  }
  start();
  peer one = connect();
  for (const std::uint64_t size : {1'000'000, 0, 1}) {
    const answer got = one.ask(get("/letters/" + std::to_string(size)));
    EXPECT_EQ(got.status, 200U);
    EXPECT_EQ(got.body, std::string(size, 'x'));
  }
  one.send("HEAD /letters/1000000 HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(one.read_answer(true).headers.at("content-length"), "1000000");
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

TEST_F(server_test, a_body_that_breaks_off_closes_the_connection) {
  speaks.add(method::get, "/broken",
             [](request&) { return response{.source = std::make_shared<letters>(1'000'000, 300'000)}; });
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(get("/broken")).status, 0U);
}

TEST_F(server_test, unknown_paths_are_404_and_other_methods_405_with_allow) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(get("/nowhere")).status, 404U);
  for (const std::string verb : {"DELETE", "TRACE", "PROPFIND"}) {
    const answer got = one.ask(verb + " /plain HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(got.status, 405U);
    EXPECT_EQ(got.headers.at("allow"), "GET, HEAD");
  }
  EXPECT_EQ(one.ask(get("/plain")).status, 200U) << "none of these ends the connection";
}

TEST_F(server_test, a_path_that_leads_upwards_reaches_no_handler) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(get("/a/../plain")).status, 400U);
  EXPECT_EQ(one.ask(get("/echo/a/%2e%2e")).status, 400U);
  EXPECT_EQ(one.ask(get("/plain")).status, 200U);
}

TEST_F(server_test, malformed_requests_are_answered_and_the_connection_closed) {
  start();
  for (const auto& [text, status] : std::vector<std::pair<std::string, unsigned>>{
           {"nonsense\r\n\r\n", 400},
           {"GET /plain HTTP/1.1\r\n\r\n", 400},
           {"GET /plain HTTP/3.0\r\nHost: h\r\n\r\n", 505},
           {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
           {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
           {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
           {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400}}) {
    peer one = connect();
    one.send(text + get("/plain"));
    answer got = one.read_answer();
    EXPECT_EQ(got.status, status) << text;
    EXPECT_EQ(got.headers["connection"], "close") << text;
    one.finish_sending();
    EXPECT_TRUE(one.is_closed()) << "what follows is not read as a request: " << text;
  }
}

TEST_F(server_test, limits_on_the_head_are_named_in_the_answer) {
  options.max_header_bytes = 2000;
  options.max_target_bytes = 500;
  start();
  const answer head = ask(get("/plain", "X: " + std::string(3000, 'x') + "\r\n"));
  EXPECT_EQ(head.status, 431U);
  EXPECT_NE(head.body.find("max_header_bytes = 2000"), std::string::npos);
  const answer target = ask(get("/" + std::string(600, 'x')));
  EXPECT_EQ(target.status, 414U);
  EXPECT_NE(target.body.find("max_target_bytes = 500"), std::string::npos);
}

TEST_F(server_test, a_request_id_is_echoed_or_made) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(get("/plain", "X-Request-Id: my.id-1_2\r\n")).headers.at("x-request-id"), "my.id-1_2");
  const std::string first = one.ask(get("/plain")).headers.at("x-request-id");
  const std::string second = one.ask(get("/plain", "X-Request-Id: not an id\r\n")).headers.at("x-request-id");
  EXPECT_EQ(first.size(), 16U);
  EXPECT_EQ(second.size(), 16U);
  EXPECT_NE(first, second);
}

TEST_F(server_test, answers_carry_the_headers_of_safety_unless_the_handler_set_them) {
  speaks.add(method::get, "/cached", [](request&) {
    return response{.headers = {{"Cache-Control", "max-age=60"}, {"Content-Length", "999"}}, .body = "x"};
  });
  start();
  peer one = connect();
  const answer plain = one.ask(get("/plain"));
  EXPECT_EQ(plain.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(plain.headers.at("cache-control"), "no-store");
  const answer cached = one.ask(get("/cached"));
  EXPECT_EQ(cached.headers.at("cache-control"), "max-age=60");
  EXPECT_EQ(cached.headers.at("content-length"), "1");
}

TEST_F(server_test, a_header_that_would_split_the_answer_is_not_sent) {
  speaks.add(method::get, "/split", [](request&) {
    return response{.headers = {{"X-Name", "a\r\nSet-Cookie: b"}}, .body = "x"};
  });
  start();
  const answer got = ask(get("/split"));
  EXPECT_EQ(got.status, 500U);
  EXPECT_FALSE(got.headers.contains("set-cookie"));
}

TEST_F(server_test, an_answer_without_content_has_no_length) {
  speaks.add(method::delete_, "/thing", [](request&) { return response{.status = 204}; });
  start();
  peer one = connect();
  const answer got = one.ask("DELETE /thing HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(got.status, 204U);
  EXPECT_FALSE(got.headers.contains("content-length"));
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

TEST_F(server_test, what_handlers_throw_becomes_the_answer_of_the_protocol) {
  speaks.add(method::get, "/missing",
             [](request&) -> response { throw core::error(core::errc::not_found, "no such job"); });
  speaks.add(method::get, "/defect", [](request&) -> response { throw std::runtime_error("the password is 1234"); });
  speaks.add(method::get, "/memory", [](request&) -> response { throw std::bad_alloc(); });
  start();
  peer one = connect();
  const answer missing = one.ask(get("/missing"));
  EXPECT_EQ(missing.status, 404U);
  EXPECT_EQ(missing.body, "not_found: no such job");
  const answer defect = one.ask(get("/defect"));
  EXPECT_EQ(defect.status, 500U);
  EXPECT_EQ(defect.body.find("1234"), std::string::npos);
  const answer memory = one.ask(get("/memory"));
  EXPECT_EQ(memory.status, 503U);
  EXPECT_EQ(memory.headers.at("retry-after"), "1");
}

TEST_F(server_test, a_full_queue_is_answered_503_at_once) {
  gate begun;
  gate go_on;
  speaks.add(method::get, "/wait", [&](request&) {
    begun.open();
    go_on.wait();
    return response{.body = "waited"};
  });
  options.workers = 1;
  options.max_queue = 1;
  start();
  peer first = connect();
  first.send(get("/wait"));
  begun.wait();
  peer second = connect();
  second.send(get("/worker"));
  eventually([&] { return figure("eunomia_http_queue_length") == 1; });
  peer third = connect();
  const answer refused = third.ask(get("/worker"));
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_NE(refused.body.find("max_queue = 1"), std::string::npos);
  EXPECT_EQ(third.ask(get("/plain")).status, 200U) << "inline routes go on";
  go_on.open();
  EXPECT_EQ(first.read_answer().body, "waited");
  EXPECT_EQ(second.read_answer().body, "worked");
}

TEST_F(server_test, a_connection_too_many_is_told_so) {
  options.max_connections = 2;
  start();
  peer first = connect();
  peer second = connect();
  EXPECT_EQ(first.ask(get("/plain")).status, 200U);
  EXPECT_EQ(second.ask(get("/plain")).status, 200U);
  peer third = connect();
  const answer refused = third.ask(get("/plain"));
  EXPECT_EQ(refused.status, 503U);
  EXPECT_NE(refused.body.find("max_connections = 2"), std::string::npos);
  first.close();
  eventually([&] { return connect().ask(get("/plain")).status == 200; });
}

TEST_F(server_test, a_head_that_does_not_end_is_408) {
  options.header_timeout = std::chrono::milliseconds(30);
  start();
  peer one = connect();
  one.send("GET /plain HTTP/1.1\r\nHost:");
  const answer got = one.read_answer();
  EXPECT_EQ(got.status, 408U);
  EXPECT_NE(got.body.find("header_timeout = 30 ms"), std::string::npos);
  EXPECT_TRUE(one.is_closed());
}

TEST_F(server_test, an_idle_connection_is_closed_without_a_word) {
  options.idle_timeout = std::chrono::milliseconds(30);
  start();
  peer never = connect();
  EXPECT_TRUE(never.is_closed());
  peer once = connect();
  EXPECT_EQ(once.ask(get("/plain")).status, 200U);
  EXPECT_TRUE(once.is_closed());
}

TEST_F(server_test, a_client_that_takes_nothing_is_cut_off) {
  speaks.add(method::get, "/large", [](request&) { return response{.body = std::string(32 << 20, 'x')}; });
  options.write_timeout = std::chrono::milliseconds(50);
  start();
  peer one = connect(4096);
  one.send(get("/large"));
  eventually([&] { return figure("eunomia_http_connections") == 1; });
  eventually([&] { return figure("eunomia_http_connections") == 0; });
}

TEST_F(server_test, many_clients_at_once_each_get_their_own_answers) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      peer one = connect();
      for (int i = 0; i < 200; ++i) {
        const std::string text = std::to_string(c) + "-" + std::to_string(i);
        wrong += one.ask(post("/echo", text)).body != text;
      }
    });
  }
  for (std::thread& each : clients) {
    each.join();
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(server_test, memory_of_many_connections_is_given_back_when_they_leave) {
#ifdef EUNOMIA_SANITIZED
  GTEST_SKIP() << "a sanitizer's allocator keeps what is freed";
#endif
  start();
  const std::uint64_t before = core::resident_bytes();
  std::uint64_t most = 0;
  {
    std::vector<peer> all;
    for (int i = 0; i < 1500; ++i) {
      all.push_back(connect());
      ASSERT_TRUE(all.back().send("GET /plain HTTP/1.1\r\nHost: h\r\nX: " + std::string(9000, 'x')));
    }
    eventually([&] { return figure("eunomia_http_received_bytes_total") > 1500 * 9000; });
    most = core::resident_bytes();
    EXPECT_EQ(ask(get("/plain")).status, 200U) << "others are served meanwhile";
  }
  ASSERT_GT(most, before + 15'000'000);
  eventually([&] { return core::resident_bytes() < before + (most - before) / 3; });
}

TEST_F(server_test, health_readiness_and_metrics_are_answered_beside_the_protocols) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(get("/health")).status, 200U);
  EXPECT_EQ(one.ask(get("/ready")).status, 503U);
  running->ready(false, "loading models");
  EXPECT_EQ(one.ask(get("/ready")).body, "loading models\n");
  running->ready(true);
  EXPECT_EQ(one.ask(get("/ready")).status, 200U);
  EXPECT_EQ(one.ask(get("/echo/some/user-7")).status, 200U);
  EXPECT_EQ(one.ask(get("/metrics")).status, 401U);
  EXPECT_EQ(one.ask(get("/metrics", "Authorization: Bearer service\r\n")).status, 403U);
  const answer told = one.ask(get("/metrics", "Authorization: Bearer engineer\r\n"));
  EXPECT_EQ(told.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(
      told.body.find("eunomia_http_requests_total{protocol=\"test\",route=\"/echo/{first}/{second}\",method=\"GET\","
                     "status=\"2xx\"} 1\n"),
      std::string::npos);
  EXPECT_NE(told.body.find("process_resident_memory_bytes "), std::string::npos);
  EXPECT_EQ(told.body.find("user-7"), std::string::npos) << "a path may name a person";
}

}  // namespace
}  // namespace eunomia::wire::http::test
