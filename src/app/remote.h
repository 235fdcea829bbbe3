#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "app/environment.h"
#include "core/json.h"
#include "wire/http/client.h"

namespace eunomia::app {

// The server that --server names, for commands that talk to it instead of opening the data directory. Errors of the
// server come out as core::error with its code and message.
class remote {
 public:
  // Throws errc::invalid_argument without a token: --token-file, or EUNOMIA_TOKEN_FILE.
  explicit remote(environment& shared);

  core::json_value get(const std::string& target);
  // The bytes of the answer, whatever they are.
  std::string get_bytes(const std::string& target);
  core::json_value post(const std::string& target, const std::string& body = {});
  core::json_value put(const std::string& target, const std::string& body);
  core::json_value patch(const std::string& target, const std::string& body);
  core::json_value erase(const std::string& target);
  // Uploads a file, showing how far it is.
  core::json_value upload(const std::string& target, const std::filesystem::path& file);
  // Downloads a file, whole or not at all; the number of its rows.
  std::uint64_t download(const std::string& target, const std::filesystem::path& file);
  // The same for what a POST of JSON asks for.
  struct archive {
    std::uint64_t parts = 0;
    std::uint64_t rows = 0;
    std::uint64_t request = 0;
  };
  archive download_archive(const std::string& target, const std::string& body, const std::filesystem::path& file);
  template <class Answer>
  Answer post(const std::string& target, const std::string& body) {
    return core::read_json<Answer>(post(target, body));
  }

  // Waits for a job, showing its progress; Ctrl-C asks the server to cancel it. Its result. Throws what the job failed
  // with.
  core::json_value wait_for_job(std::int64_t job);

 private:
  std::vector<wire::http::header> receive(const std::string& target, const std::filesystem::path& file,
                                          const std::string& body);
  core::json_value value_of(const wire::http::client::answer& answer);

  environment& shared_;
  std::unique_ptr<wire::http::client> client_;
};

// A segment of a path, percent-encoded.
std::string segment(std::string_view text);

}  // namespace eunomia::app
