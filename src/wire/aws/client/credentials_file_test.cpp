#include "wire/aws/client/credentials_file.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::wire::aws {
namespace {

TEST(credentials_file, reads_what_aws_configure_writes_and_what_keys_create_prints) {
  const credentials configured = read_credentials(
      "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n\n[default]\r\n"
      "# a remark = of somebody\naws_access_key_id = AKIADEFAULT\r\naws_secret_access_key=a/b+c=\naws_session_token = "
      "t\n",
      "file");
  EXPECT_EQ(configured.access_key_id, "AKIADEFAULT");
  EXPECT_EQ(configured.secret, "a/b+c=");
  EXPECT_EQ(configured.security_token, "t");
  const credentials printed =
      read_credentials("AWS_ACCESS_KEY_ID=EUNA1\nAWS_SECRET_ACCESS_KEY=s\n\nengineer: shown once\n", "file");
  EXPECT_EQ(printed.access_key_id, "EUNA1");
  EXPECT_EQ(printed.secret, "s");
  EXPECT_EQ(read_credentials("[only]\naws_access_key_id=a\naws_secret_access_key=b\n", "file").access_key_id, "a");
}

TEST(credentials_file, says_what_is_missing_and_quotes_no_value) {
  const auto message = [](std::string_view text) {
    try {
      (void)read_credentials(text, "keys.txt");
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), core::errc::invalid_argument);
      return std::string(problem.what());
    }
    return std::string("none");
  };
  EXPECT_NE(message("").find("keys.txt has no aws_access_key_id"), std::string::npos);
  EXPECT_NE(message("aws_access_key_id = a").find("aws_secret_access_key"), std::string::npos);
  const std::string blank = message("aws_access_key_id = a\naws_secret_access_key = se cret\n");
  EXPECT_NE(blank.find("a blank"), std::string::npos);
  EXPECT_EQ(blank.find("se cret"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::wire::aws
