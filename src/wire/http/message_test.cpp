#include "wire/http/message.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::wire::http {
namespace {

TEST(message, methods_and_roles_are_found_by_their_names) {
  for (const method m :
       {method::get, method::head, method::post, method::put, method::patch, method::delete_, method::options}) {
    EXPECT_EQ(method_named(name_of(m)), m);
  }
  EXPECT_EQ(method_named("get"), std::nullopt);
  EXPECT_EQ(role_named("privacy-officer"), role::privacy_officer);
  EXPECT_EQ(name_of(role::annotator), "annotator");
}

TEST(message, an_unknown_role_is_refused_with_the_names_there_are) {
  try {
    role_named("root");
    FAIL() << "no error";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    EXPECT_NE(std::string(problem.what()).find("privacy-officer"), std::string::npos);
  }
}

TEST(message, headers_are_found_without_case_and_parameters_with_it) {
  request r;
  r.headers = {{"X-One", "1"}, {"x-one", "2"}};
  r.query = {{"k", "5"}};
  r.path_parameters = {{"id", "a/b"}};
  EXPECT_EQ(r.header_named("X-ONE"), "1");
  EXPECT_EQ(r.header_named("X-Two"), std::nullopt);
  EXPECT_EQ(r.query_parameter("k"), "5");
  EXPECT_EQ(r.query_parameter("K"), std::nullopt);
  EXPECT_EQ(r.path_parameter("id"), "a/b");
  EXPECT_THROW(r.path_parameter("other"), core::error);
}

}  // namespace
}  // namespace eunomia::wire::http
