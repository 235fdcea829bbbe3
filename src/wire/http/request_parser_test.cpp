#include "wire/http/request_parser.h"

#include <gtest/gtest.h>

#include <random>

namespace eunomia::wire::http {
namespace {

constexpr head_limits limits{1024, 256};

struct reading {
  unsigned status = 0;  // 0: nothing is wrong
  std::string message;
  request head;
  std::unique_ptr<request_parser> parser = std::make_unique<request_parser>();
};

reading read(std::string_view text) {
  reading r;
  head_scanner scanner(limits);
  const auto seen = scanner.look(text);
  auto why = seen.why;
  if (!why && seen.end > 0) {
    why = r.parser->read_head(text.substr(seen.begin, seen.end - seen.begin), r.head);
  } else if (!why) {
    why = failure{1, "incomplete", ""};
  }
  if (why) {
    r.status = why->status;
    r.message = why->message;
  }
  return r;
}

unsigned status_of(const std::string& text) {
  return read(text).status;
}

std::string with(const std::string& headers) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

TEST(request_parser, a_head_gives_everything_it_says) {
  const reading r = read("PUT /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX-Thing:  value \r\nContent-Length: 5\r\n\r\n");
  ASSERT_EQ(r.status, 0U) << r.message;
  EXPECT_EQ(r.head.verb, method::put);
  EXPECT_EQ(r.head.target, "/a%20b?c=d");
  EXPECT_EQ(r.head.path, "/a b");
  EXPECT_EQ(r.head.header_named("x-thing"), "value");
  EXPECT_EQ(r.parser->declared_bytes(), 5U);
  EXPECT_TRUE(r.parser->keep_alive());
  EXPECT_FALSE(r.parser->done());
}

TEST(request_parser, connections_are_kept_as_the_version_and_the_client_say) {
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").parser->keep_alive());
  EXPECT_TRUE(read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").parser->keep_alive());
  EXPECT_FALSE(read(with("Connection: foo, close\r\n")).parser->keep_alive());
}

TEST(request_parser, what_could_smuggle_a_request_is_refused) {
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400U);
  EXPECT_EQ(status_of(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nContent-Length: 6\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nContent-Length: 5\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: 5, 5\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: +5\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: -1\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: 0x5\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: \r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length: 99999999999999999999999\r\n")), 400U);
  EXPECT_EQ(status_of(with("Content-Length : 5\r\n")), 400U);
  EXPECT_EQ(status_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400U);
  EXPECT_EQ(status_of(with("X: a\r\n folded\r\n")), 400U);
  EXPECT_EQ(status_of(with("X: a\n")), 400U);
  EXPECT_EQ(status_of(with("X: a\rb\r\n")), 400U);
  EXPECT_EQ(status_of(with(std::string("X: a\0b\r\n", 8))), 400U);
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: h\n\n"), 400U);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
}

TEST(request_parser, unknown_transfer_codings_are_not_implemented) {
  for (const char* coding : {"gzip, chunked", "identity", "chunked, gzip", "xchunked", "\"chunked\"", "chunked;q=1"}) {
    EXPECT_EQ(status_of(with("Transfer-Encoding: " + std::string(coding) + "\r\n")), 501U) << coding;
  }
  EXPECT_EQ(status_of(with("Transfer-Encoding: Chunked\r\n")), 0U);
}

TEST(request_parser, other_versions_and_no_http_are_told_apart) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505U);
  EXPECT_EQ(status_of("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 505U);
  EXPECT_EQ(status_of("GET / HTTPS/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of("GET /\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of("\x16\x03\x01\x02\r\n\r\n"), 400U);
}

TEST(request_parser, one_host_is_wanted) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400U);
  EXPECT_EQ(status_of(with("Host: other\r\n")), 400U);
}

TEST(request_parser, only_one_expectation_is_known) {
  EXPECT_TRUE(read(with("Expect: 100-continue\r\n")).parser->expects_continue());
  EXPECT_EQ(status_of(with("Expect: the-unexpected\r\n")), 417U);
}

TEST(request_parser, limits_are_named) {
  const reading target = read("GET /" + std::string(400, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(target.status, 414U);
  EXPECT_NE(target.message.find("max_target_bytes = 256"), std::string::npos);
  const reading head = read(with("X: " + std::string(1100, 'a') + "\r\n"));
  EXPECT_EQ(head.status, 431U);
  EXPECT_NE(head.message.find("max_header_bytes = 1024"), std::string::npos);
  EXPECT_EQ(status_of("GET /" + std::string(400, 'a')), 414U) << "before the line ends";
  std::string many;
  for (std::size_t i = 0; i <= request_parser::max_headers; ++i) {
    many += "A:\r\n";
  }
  EXPECT_EQ(status_of(with(many)), 431U);
}

TEST(request_parser, empty_lines_before_a_request_are_skipped_a_few) {
  EXPECT_EQ(read("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 0U);
  EXPECT_EQ(status_of("\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
}

TEST(request_parser, a_head_is_the_same_however_it_arrives) {
  const std::string text = "\r\nGET /a HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\nGET";
  head_scanner scanner(limits);
  for (std::size_t size = 0; size < text.size() - 3; ++size) {
    const auto seen = scanner.look(std::string_view(text).substr(0, size));
    ASSERT_FALSE(seen.why) << size;
    ASSERT_EQ(seen.end, 0U) << size;
  }
  const auto seen = scanner.look(text);
  EXPECT_EQ(seen.begin, 2U);
  EXPECT_EQ(seen.end, text.size() - 3);
}

// Gives the body's bytes in pieces of a size, as the connection does: what was not used stays in front.
std::string read_body(request_parser& parser, std::string_view text, std::size_t size, std::optional<failure>& why) {
  std::string body;
  std::string pending;
  while (!text.empty() && !parser.done() && !why) {
    pending += text.substr(0, size);
    text.remove_prefix(std::min(size, text.size()));
    while (!pending.empty() && !parser.done() && !why) {
      const std::size_t used = parser.read_body(pending, body, why);
      pending.erase(0, used);
      if (used == 0) {
        break;
      }
    }
  }
  return body;
}

TEST(request_parser, a_chunked_body_is_the_same_however_it_arrives) {
  const std::string body = "5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    reading r = read(with("Transfer-Encoding: chunked\r\n"));
    ASSERT_EQ(r.status, 0U);
    std::optional<failure> why;
    EXPECT_EQ(read_body(*r.parser, body, size, why), "hello world") << size;
    EXPECT_TRUE(r.parser->done()) << size;
    EXPECT_FALSE(why) << size;
    EXPECT_EQ(r.parser->body_bytes(), 11U);
  }
}

TEST(request_parser, a_body_of_the_last_chunk_alone_is_the_same_however_it_arrives) {
  const std::string body = "0\r\nTrailer: x\r\n\r\n";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    reading r = read(with("Transfer-Encoding: chunked\r\n"));
    std::optional<failure> why;
    EXPECT_EQ(read_body(*r.parser, body, size, why), "") << size;
    EXPECT_TRUE(r.parser->done()) << size;
    EXPECT_FALSE(why) << size;
  }
}

TEST(request_parser, malformed_chunks_are_refused) {
  for (const char* bad :
       {"x\r\nhello\r\n", "-1\r\n0\r\n", "5\nhello\r\n", "5\r\nhelloXX0\r\n\r\n", "fffffffffffffffff\r\n",
        "5 \nhello\r\n", "0x5\r\n\r\n", "\r\n\r\n0\r\n", "0\r\nContent-Length: 5\r\n\r\n"}) {
    reading r = read(with("Transfer-Encoding: chunked\r\n"));
    std::optional<failure> why;
    read_body(*r.parser, bad, 64, why);
    EXPECT_TRUE(why) << bad;
    EXPECT_FALSE(r.parser->done()) << bad;
  }
}

TEST(request_parser, noise_is_refused_or_incomplete_but_harms_nothing) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string good =
      with("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nX: y\r\n") + "3\r\nabc\r\n0\r\n\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (int changes = 0; changes < 3; ++changes) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    head_scanner scanner(limits);
    const auto seen = scanner.look(text);
    if (seen.why || seen.end == 0) {
      continue;
    }
    request head;
    request_parser parser;
    if (parser.read_head(std::string_view(text).substr(seen.begin, seen.end - seen.begin), head)) {
      continue;
    }
    std::optional<failure> why;
    const std::string body = read_body(parser, std::string_view(text).substr(seen.end), 1 + random() % 40, why);
    EXPECT_LE(body.size(), text.size());
  }
}

}  // namespace
}  // namespace eunomia::wire::http
