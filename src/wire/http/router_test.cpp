#include <gtest/gtest.h>

#include "wire/http/target.h"
#include "wire/http/test_server.h"

namespace eunomia::wire::http {
namespace {

response nothing(request&) {
  return {};
}

request asked(method verb, std::string target) {
  request r;
  r.verb = verb;
  r.target = std::move(target);
  return r;
}

struct routed {
  test::test_protocol speaks;
  routed() {
    speaks.add(method::get, "/jobs", nothing);
    speaks.add(method::get, "/jobs/{id}", nothing);
    speaks.add(method::post, "/jobs/new", nothing);
    speaks.add(method::delete_, "/jobs/{id}", nothing);
    speaks.add(method::get, "/jobs/{id}/events/{event}", nothing);
  }
  router compiled() const {
    const protocol* const all[] = {&speaks};
    return router(all);
  }
};

TEST(router, a_literal_goes_before_a_parameter_that_has_the_method) {
  const routed r;
  const router table = r.compiled();
  request post = asked(method::post, "/jobs/new");
  EXPECT_EQ(table.find(post).found->path, "/jobs/new");
  request get = asked(method::get, "/jobs/new");
  EXPECT_EQ(table.find(get).found->path, "/jobs/{id}");
  EXPECT_EQ(get.path_parameter("id"), "new");
}

TEST(router, an_encoded_slash_stays_in_its_segment) {
  const routed r;
  const router table = r.compiled();
  request get = asked(method::get, "/jobs/a%2Fb/events/%C3%BC?x=1");
  const auto match = table.find(get);
  ASSERT_NE(match.found, nullptr);
  EXPECT_EQ(get.path_parameter("id"), "a/b");
  EXPECT_EQ(get.path_parameter("event"), "\xC3\xBC");
}

TEST(router, a_path_without_the_method_says_which_it_has) {
  const routed r;
  const router table = r.compiled();
  request put = asked(method::put, "/jobs/new");
  const auto match = table.find(put);
  EXPECT_EQ(match.found, nullptr);
  EXPECT_EQ(match.allowed, (std::vector{method::get, method::head, method::post, method::delete_}));
  request unknown = asked(method::get, "/jobs");
  EXPECT_EQ(table.find(unknown, false).found, nullptr);
  EXPECT_EQ(table.find(unknown, false).allowed, (std::vector{method::get, method::head}));
}

TEST(router, head_is_answered_by_get) {
  const routed r;
  const router table = r.compiled();
  request head = asked(method::head, "/jobs");
  EXPECT_EQ(table.find(head).found->path, "/jobs");
}

TEST(router, empty_segments_and_longer_paths_are_nothing) {
  const routed r;
  const router table = r.compiled();
  for (const std::string path : {"/jobs/", "//jobs", "/", "/jobs/1/events", "/jobs/1/events/2/3", "*",
                                 "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6"}) {
    request get = asked(method::get, path);
    const auto match = table.find(get);
    EXPECT_EQ(match.found, nullptr) << path;
    EXPECT_TRUE(match.allowed.empty()) << path;
    EXPECT_TRUE(get.path_parameters.empty()) << path;
  }
}

TEST(router, two_routes_of_one_shape_are_refused) {
  routed r;
  r.speaks.add(method::get, "/jobs/{other}", nothing);
  EXPECT_THROW(r.compiled(), core::error);
}

TEST(router, a_body_without_a_limit_and_a_route_without_a_handler_are_refused) {
  routed unlimited;
  unlimited.speaks.add(method::post, "/x", nothing, {body_policy::kind::memory, 0});
  EXPECT_THROW(unlimited.compiled(), core::error);
  routed idle;
  idle.speaks.add(method::post, "/x", nullptr);
  EXPECT_THROW(idle.compiled(), core::error);
}

TEST(access, an_administrator_may_whatever_a_role_may) {
  const access who = access::roles(role::engineer, role::service);
  EXPECT_TRUE(who.allows(role::administrator));
  EXPECT_TRUE(who.allows(role::engineer));
  EXPECT_TRUE(who.allows(role::service));
  EXPECT_FALSE(who.allows(role::annotator));
  EXPECT_FALSE(who.is_open());
  EXPECT_TRUE(access::open().is_open());
}

TEST(failure, each_kind_of_error_has_its_status) {
  using core::errc;
  const auto status = [](errc code) { return failure_of(core::error(code, "why")).status; };
  EXPECT_EQ(status(errc::invalid_argument), 400U);
  EXPECT_EQ(status(errc::not_found), 404U);
  EXPECT_EQ(status(errc::already_exists), 409U);
  EXPECT_EQ(status(errc::permission_denied), 403U);
  EXPECT_EQ(status(errc::resource_exhausted), 507U);
  EXPECT_EQ(status(errc::unavailable), 503U);
  EXPECT_EQ(status(errc::internal), 500U);
  EXPECT_EQ(failure_of(core::error(errc::not_found, "why")).code, "not_found");
}

// As the parser of a request does before.
request read_as(method verb, std::string target) {
  request r = asked(verb, std::move(target));
  EXPECT_FALSE(read_target(r.target, r));
  return r;
}

TEST(router, a_rest_is_whatever_stands_behind_a_path) {
  test::test_protocol speaks;
  speaks.add(method::get, "/{bucket}", nothing);
  speaks.add(method::get, "/{bucket}/", nothing);
  speaks.add(method::get, "/{bucket}/{key*}", nothing);
  const protocol* const all[] = {&speaks};
  const router table(all);
  const std::string deep = [] {
    std::string path = "a";
    for (int i = 0; i < 400; ++i) {
      path += "/x";
    }
    return path;
  }();
  for (const auto& [sent, key] : {std::pair<std::string, std::string>{"k", "k"},
                                  {"a/b/c", "a/b/c"},
                                  {"/x", "/x"},
                                  {"x/", "x/"},
                                  {"a//b", "a//b"},
                                  {"a/../b", "a/../b"},
                                  {".", "."},
                                  {"a%2Fb%20c+d", "a/b c+d"},
                                  {deep, deep}}) {
    request r = read_as(method::get, "/box/" + sent);
    const auto match = table.find(r);
    ASSERT_NE(match.found, nullptr) << sent;
    EXPECT_EQ(match.found->path, "/{bucket}/{key*}");
    EXPECT_EQ(r.path_parameter("bucket"), "box");
    EXPECT_EQ(r.path_parameter("key"), key);
  }
  request bucket = read_as(method::get, "/box/");
  EXPECT_EQ(table.find(bucket).found->path, "/{bucket}/");
}

TEST(router, nothing_but_a_rest_is_found_for_a_path_that_leads_upwards) {
  const routed r;
  const router table = r.compiled();
  request up = read_as(method::get, "/jobs/..");
  EXPECT_EQ(table.find(up).found, nullptr);
  request encoded = read_as(method::get, "/jobs/%2e%2e");
  EXPECT_EQ(table.find(encoded).found, nullptr);
}

}  // namespace
}  // namespace eunomia::wire::http
