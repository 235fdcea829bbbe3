#include "wire/aws/client/credentials_file.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {

namespace {

std::string_view trimmed_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
    line.remove_suffix(1);
  }
  return http::trimmed(line);
}

// Blanks and control characters would end the line of a header.
void check_value(std::string_view value, std::string_view name, std::string_view where) {
  for (const char c : value) {
    if (c <= ' ' || c == 0x7F) {
      throw core::error(core::errc::invalid_argument,
                        fmt::format("{}: {} holds a blank or a control character", where, name));
    }
  }
}

}  // namespace

credentials read_credentials(std::string_view text, std::string_view where) {
  credentials found;
  bool in_profile = true;
  bool any_profile = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed_line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('[')) {
      in_profile = line == "[default]" || (!any_profile && found.access_key_id.empty());
      if (line == "[default]") {
        found = {};  // instead of the profile that stood before it
      }
      any_profile = true;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!in_profile || line.starts_with('#') || equals == std::string_view::npos) {
      continue;
    }
    const std::string_view name = http::trimmed(line.substr(0, equals));
    const std::string_view value = http::trimmed(line.substr(equals + 1));
    if (http::equal_ignoring_case(name, "aws_access_key_id")) {
      found.access_key_id = value;
    } else if (http::equal_ignoring_case(name, "aws_secret_access_key")) {
      found.secret = value;
    } else if (http::equal_ignoring_case(name, "aws_session_token")) {
      found.security_token = value;
    }
  }
  if (found.access_key_id.empty() || found.secret.empty()) {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("{} has no {}; it holds lines such as aws_access_key_id = AKIA… and aws_secret_access_key = …",
                    where, found.access_key_id.empty() ? "aws_access_key_id" : "aws_secret_access_key"));
  }
  check_value(found.access_key_id, "aws_access_key_id", where);
  check_value(found.secret, "aws_secret_access_key", where);
  check_value(found.security_token, "aws_session_token", where);
  return found;
}

credentials read_credentials_file(const std::filesystem::path& file) {
  return read_credentials(core::read_file(file, max_credentials_bytes), file.string());
}

credentials credentials_in_environment(std::string_view prefix) {
  const auto value_of = [&](std::string_view name) {
    const char* const found = std::getenv((std::string(prefix) + std::string(name)).c_str());  // NOLINT(*-mt-unsafe)
    return std::string(found == nullptr ? "" : found);
  };
  credentials found{value_of("AWS_ACCESS_KEY_ID"), value_of("AWS_SECRET_ACCESS_KEY"), value_of("AWS_SESSION_TOKEN")};
  if (found.access_key_id.empty() || found.secret.empty()) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the environment has no {0}AWS_ACCESS_KEY_ID and {0}AWS_SECRET_ACCESS_KEY; set them, "
                                  "or name a file that holds them",
                                  prefix));
  }
  for (const std::string* const each : {&found.access_key_id, &found.secret, &found.security_token}) {
    check_value(*each, fmt::format("{}AWS_…", prefix), "the environment");
  }
  return found;
}

}  // namespace eunomia::wire::aws
