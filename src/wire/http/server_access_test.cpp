#include "wire/http/failure_delay.h"
#include "wire/http/test_server.h"

// Who may call, what a stop does, where the server listens, and streams of events.

namespace eunomia::wire::http::test {
namespace {

class access_test : public server_test {
 protected:
  access_test() {
    speaks.add(
        method::post, "/engineers", [](request& r) { return response{.body = r.caller->id + r.body}; },
        {body_policy::kind::memory, 10 << 20}, execution::worker, access::roles(role::engineer));
  }
};

TEST_F(access_test, a_role_lets_in_and_others_are_told_which_is_wanted) {
  start();
  peer one = connect();
  EXPECT_EQ(one.ask(post("/engineers", "x", "Authorization: Bearer engineer\r\n")).body, "tok-1x");
  EXPECT_EQ(one.ask(post("/engineers", "x", "Authorization: Bearer administrator\r\n")).body, "tok-1x");
  const answer refused = one.ask(post("/engineers", "x", "Authorization: Bearer service\r\n"));
  EXPECT_EQ(refused.status, 403U);
  EXPECT_NE(refused.body.find("administrator, engineer; tok-1 has the role service"), std::string::npos);
}

TEST_F(access_test, without_a_credential_the_challenge_is_told_before_the_body_is_read) {
  start();
  peer one = connect();
  const answer got = one.ask("POST /engineers HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n");
  EXPECT_EQ(got.status, 401U);
  EXPECT_EQ(got.headers.at("www-authenticate"), "Bearer realm=\"test\"");
  EXPECT_EQ(got.body, "unauthenticated: no Authorization header");
}

TEST_F(access_test, wrong_credentials_are_slowed_and_bounded_while_others_are_served) {
  options.io_threads = 1;
  start();
  const std::string wrong = post("/engineers", "", "Authorization: Bearer guess\r\n");
  for (unsigned i = 0; i < failure_delay::free_failures; ++i) {
    EXPECT_EQ(ask(wrong).status, 401U);
  }
  // After some that wait 250 ms and more, each waits 8 s: of so many most find no place to wait.
  std::vector<peer> guesses;
  for (unsigned i = 0; i < 5 * failure_delay::max_waiting_of_one; ++i) {
    guesses.push_back(connect());
    guesses.back().send(wrong);
  }
  answer refused;
  eventually([&] {
    for (peer& each : guesses) {
      if (refused.status != 429 && each.has_input()) {
        refused = each.read_answer();
      }
    }
    return refused.status == 429;
  });
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  EXPECT_EQ(ask(get("/plain")).status, 200U) << "nobody else waits";
  EXPECT_EQ(ask(post("/engineers", "", "Authorization: Bearer engineer\r\n")).status, 200U)
      << "the right credential is never slowed";
  EXPECT_EQ(ask(wrong).status, 401U) << "and forgets the failures";
}

TEST_F(access_test, elsewhere_than_on_loopback_tls_or_a_proxy_is_wanted) {
  options.address = "0.0.0.0";
  try {
    start();
    FAIL() << "it listens";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::failed_precondition);
    EXPECT_NE(std::string(problem.what()).find("--behind-proxy"), std::string::npos);
  }
  options.behind_proxy = true;
  start();
  EXPECT_EQ(ask(get("/plain")).status, 200U);
}

TEST_F(access_test, a_taken_port_and_a_bad_address_are_errors) {
  start();
  const protocol* const all[] = {&speaks};
  server_options same = options;
  same.upload_folder.clear();
  same.port = running->port();
  metrics other;
  EXPECT_THROW(server::start(same, all, other), core::error);
  same.address = "not-an-address";
  EXPECT_THROW(server::start(same, all, other), core::error);
}

class stop_test : public server_test {
 protected:
  stop_test() {
    speaks.add(method::get, "/wait", [this](request&) {
      begun.open();
      go_on.wait();
      return response{.body = "waited"};
    });
  }
  ~stop_test() override { go_on.open(); }
  gate begun;
  gate go_on;
};

TEST_F(stop_test, a_request_under_way_is_finished_and_told_that_the_connection_ends) {
  start();
  peer idle = connect();
  EXPECT_EQ(idle.ask(get("/plain")).status, 200U);
  peer busy = connect();
  busy.send(get("/wait"));
  begun.wait();
  std::thread stopper([&] { running->stop(); });
  EXPECT_TRUE(idle.is_closed());
  go_on.open();
  const answer got = busy.read_answer();
  EXPECT_EQ(got.body, "waited");
  EXPECT_EQ(got.headers.at("connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  stopper.join();
  EXPECT_EQ(figure("eunomia_http_connections"), 0);
}

TEST_F(stop_test, a_request_half_sent_is_finished) {
  start();
  peer one = connect();
  one.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
  eventually([&] { return figure("eunomia_http_received_bytes_total") > 0; });
  std::thread stopper([&] { running->stop(); });
  one.send("llo");
  EXPECT_EQ(one.read_answer().body, "hello");
  stopper.join();
}

TEST_F(stop_test, nothing_that_was_answered_is_lost_under_load) {
  std::atomic<int> handled = 0;
  speaks.add(method::get, "/count", [&](request&) {
    ++handled;
    return response{.body = "x"};
  });
  start();
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  const std::uint16_t port = running->port();
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&] {
      try {
        while (true) {
          peer one(port);
          answer got;
          do {
            got = one.ask(get("/count"));
            answered += got.status == 200;
          } while (got.status == 200 && !got.headers.contains("connection"));
          if (got.status != 200) {
            return;
          }
        }
      } catch (const std::runtime_error&) {
        return;  // nobody listens any more
      }
    });
  }
  eventually([&] { return answered > 500; });
  running->stop();
  for (std::thread& each : clients) {
    each.join();
  }
  EXPECT_EQ(answered, handled) << "each request that a handler saw was answered";
}

TEST_F(stop_test, a_client_that_does_not_end_is_cut_off_after_stop_timeout) {
  options.stop_timeout = std::chrono::milliseconds(30);
  start();
  peer one = connect();
  one.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
  eventually([&] { return figure("eunomia_http_received_bytes_total") > 0; });
  running->stop();
  EXPECT_EQ(one.read_answer().status, 0U);
}

class event_test : public server_test {
 protected:
  class queue final : public event_source {
   public:
    std::vector<event> poll() override {
      ++polls;
      const std::lock_guard lock(mutex);
      return std::exchange(waiting, {});
    }
    bool ended() const override { return over; }

    std::mutex mutex;
    std::vector<event> waiting;
    std::atomic<bool> over = false;
    std::atomic<int> polls = 0;
  };
  event_test() {
    speaks.add(method::get, "/events", [this](request&) { return response{.events = events}; });
  }
  std::shared_ptr<queue> events = std::make_shared<queue>();
};

TEST_F(event_test, events_are_sent_as_they_come_and_the_connection_goes_on_behind_them) {
  events->waiting = {{"progress", "1", "7"}, {"", "two\nlines", ""}};
  start();
  peer one = connect();
  one.send(get("/events"));
  EXPECT_TRUE(one.wait_for("event: progress\nid: 7\ndata: 1\n\ndata: two\ndata: lines\n\n"));
  {
    const std::lock_guard lock(events->mutex);
    events->waiting.push_back({"done", "", ""});
  }
  events->over = true;
  const answer got = one.read_answer();
  EXPECT_EQ(got.headers.at("content-type"), "text/event-stream");
  EXPECT_NE(got.body.find("event: done\ndata: \n\n"), std::string::npos);
  EXPECT_EQ(one.ask(get("/plain")).body, "plain");
}

TEST_F(event_test, http_1_0_gets_events_up_to_the_close) {
  events->waiting = {{"a", "b", ""}};
  events->over = true;
  start();
  peer one = connect();
  EXPECT_EQ(one.ask("GET /events HTTP/1.0\r\n\r\n").body, "event: a\ndata: b\n\n");
}

TEST_F(event_test, a_client_that_leaves_ends_the_stream) {
  start();
  {
    peer one = connect();
    one.send(get("/events"));
    eventually([&] { return events->polls > 0; });
  }
  eventually([&] { return events.use_count() == 1; });
}

TEST_F(event_test, a_graceful_stop_ends_the_stream) {
  start();
  peer one = connect();
  one.send(get("/events"));
  eventually([&] { return events->polls > 0; });
  running->stop();
  EXPECT_EQ(one.read_answer().status, 200U) << "the last chunk was sent";
  EXPECT_TRUE(one.is_closed());
}

}  // namespace
}  // namespace eunomia::wire::http::test
