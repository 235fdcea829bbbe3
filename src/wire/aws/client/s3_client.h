#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/aws/client/signed_caller.h"

namespace eunomia::wire::aws {

// The part of S3 that files need, of whatever server speaks it; buckets are named in the path. For one thread.
class s3_client {
 public:
  static constexpr std::size_t max_objects = 1'000'000;                       // that one listing gives
  static constexpr std::uint64_t part_bytes = std::uint64_t{32} << 20U;       // of an object in parts, at least
  static constexpr std::uint64_t max_parts = 10'000;                          // S3's
  static constexpr std::uint64_t max_object_bytes = std::uint64_t{5} << 40U;  // S3's

  explicit s3_client(service_endpoint at, credentials with, std::function<void()> between = {},
                     const patience& how = {});

  // All throw as signed_caller::call; errc::not_found for a bucket or a key that there is not.

  // The keys that begin so, ascending by bytes, whatever order the server lists in. Throws errc::resource_exhausted
  // beyond max_objects.
  std::vector<std::string> keys(const std::string& bucket, std::string_view prefix);
  // Into a file, which is as old then as the object.
  void get(const std::string& bucket, const std::string& key, const std::filesystem::path& into);
  std::string get_text(const std::string& bucket, const std::string& key);
  // A file, in parts where it is larger than part_bytes: parts that a failure leaves are removed. type: of the content,
  // as MIME says it.
  void put(const std::string& bucket, const std::string& key, const std::filesystem::path& from, std::string_view type);
  void put_text(const std::string& bucket, const std::string& key, std::string text);
  void remove(const std::string& bucket, const std::string& key);
  bool has_bucket(const std::string& bucket);
  void create_bucket(const std::string& bucket);

  const service_endpoint& at() const { return caller_.at(); }

 private:
  void put_in_parts(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
                    std::uint64_t bytes, std::string_view type);

  signed_caller caller_;
};

}  // namespace eunomia::wire::aws
