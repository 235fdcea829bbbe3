#include "app/remote.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "wire/http/text.h"

namespace eunomia::app {

namespace {

constexpr std::chrono::milliseconds look_interval(200);
constexpr unsigned first_error_status = 400;

struct error_detail {
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(error_detail, (), (code, message))
struct error_body {
  error_detail error;
};
BOOST_DESCRIBE_STRUCT(error_body, (), (error))

struct job_failure {
  std::string code;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(job_failure, (), (code, message))
struct job_state {
  std::string state;
  std::optional<std::string> stage;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::optional<core::json_value> result;
  std::optional<job_failure> failure;
};
BOOST_DESCRIBE_STRUCT(job_state, (), (state, stage, done, total, result, failure))

core::errc code_of(std::string_view name, unsigned status) {
  for (int code = 0; code <= static_cast<int>(core::errc::internal); ++code) {
    if (core::name_of(static_cast<core::errc>(code)) == name) {
      return static_cast<core::errc>(code);
    }
  }
  switch (status) {
    case 401:
    case 403: return core::errc::permission_denied;
    case 404: return core::errc::not_found;
    case 429:
    case 503: return core::errc::unavailable;
    case 413: return core::errc::resource_exhausted;
    default: return status < 500 ? core::errc::invalid_argument : core::errc::internal;
  }
}

std::string token_in(const std::filesystem::path& file) {
  if (file.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "--server wants a token: name the file that holds it with --token-file; the first start of a "
                      "server writes one to administrator.token in its data directory");
  }
  std::string token = core::read_file(file);
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  return token;
}

std::uint64_t number_in(const std::vector<wire::http::header>& headers, std::string_view name) {
  std::uint64_t number = 0;
  for (const auto& header : headers) {
    if (wire::http::equal_ignoring_case(header.name, name)) {
      std::from_chars(header.value.data(), header.value.data() + header.value.size(), number);
    }
  }
  return number;
}

}  // namespace

std::string segment(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

remote::remote(environment& shared)
    : shared_(shared),
      client_(wire::http::client::open({.url = shared.server,
                                        .token = token_in(shared.token_file),
                                        .certificate_authority = shared.certificate_authority})) {}

core::json_value remote::value_of(const wire::http::client::answer& answer) {
  if (answer.status < first_error_status) {
    return answer.body.empty() ? core::json_value() : core::parse_json(answer.body);
  }
  error_detail detail{"", fmt::format("{} answered with status {}", shared_.server, answer.status)};
  try {
    detail = core::read_json<error_body>(answer.body).error;
  } catch (const core::error&) {
    // A proxy's page, say: the status tells.
    detail.message += "; it is no answer of Eunomia's: check --server";
  }
  throw core::error(code_of(detail.code, answer.status), detail.message);
}

core::json_value remote::get(const std::string& target) {
  return value_of(client_->send(wire::http::method::get, target));
}

std::string remote::get_bytes(const std::string& target) {
  auto answer = client_->send(wire::http::method::get, target);
  if (answer.status >= first_error_status) {
    value_of(answer);
  }
  return std::move(answer.body);
}

core::json_value remote::post(const std::string& target, const std::string& body) {
  return value_of(client_->send(wire::http::method::post, target, body));
}

core::json_value remote::put(const std::string& target, const std::string& body) {
  return value_of(client_->send(wire::http::method::put, target, body));
}

core::json_value remote::patch(const std::string& target, const std::string& body) {
  return value_of(client_->send(wire::http::method::patch, target, body));
}

core::json_value remote::erase(const std::string& target) {
  return value_of(client_->send(wire::http::method::delete_, target));
}

core::json_value remote::upload(const std::string& target, const std::filesystem::path& file) {
  const std::uint64_t size = std::filesystem::file_size(file);
  auto& job = shared_.job();
  return value_of(
      client_->send_file(wire::http::method::post, target, file, "application/octet-stream", [&](std::uint64_t sent) {
        job.report("upload", sent, size);
        job.check();
      }));
}

std::uint64_t remote::download(const std::string& target, const std::filesystem::path& file) {
  return number_in(receive(target, file, {}), "Eunomia-Rows");
}

remote::archive remote::download_archive(const std::string& target, const std::string& body,
                                         const std::filesystem::path& file) {
  const auto headers = receive(target, file, body);
  return {number_in(headers, "Eunomia-Parts"), number_in(headers, "Eunomia-Rows"),
          number_in(headers, "Eunomia-Request")};
}

std::vector<wire::http::header> remote::receive(const std::string& target, const std::filesystem::path& file,
                                                const std::string& body) {
  auto answer = client_->receive_file(target, file, body);
  value_of(answer);
  return std::move(answer.headers);
}

core::json_value remote::wait_for_job(std::int64_t job) {
  const std::string target = fmt::format("/api/v1/jobs/{}", job);
  bool asked_to_stop = false;
  while (true) {
    const auto now = core::read_json<job_state>(get(target));
    if (now.stage) {
      shared_.job().report(*now.stage, now.done, now.total);
    }
    if (now.state == "succeeded") {
      return now.result.value_or(core::json_value());
    }
    if (now.state == "failed" && now.failure) {
      throw core::error(code_of(now.failure->code, 0), now.failure->message);
    }
    if (now.state == "cancelled") {
      throw core::error(core::errc::cancelled, "cancelled on request; nothing was changed");
    }
    if (shared_.job().cancelled() && !asked_to_stop) {
      post(target + "/cancel");
      asked_to_stop = true;
    }
    std::this_thread::sleep_for(look_interval);
  }
}

}  // namespace eunomia::app
