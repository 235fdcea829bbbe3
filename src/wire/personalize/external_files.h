#pragma once

#include <set>
#include <string>
#include <vector>

#include "wire/aws/client/s3_client.h"
#include "wire/personalize/house.h"

namespace eunomia::wire::personalize {

// Buckets that the configuration names, which another S3 has.
struct external_buckets {
  aws::service_endpoint at;
  aws::credentials with;
  std::set<std::string> names;
};

// Files of the buckets that are named, from where those are, and of all others from the house's own store: what jobs
// read and write by s3://bucket/key. Any thread.
class external_files final : public object_files {
 public:
  // own must outlive it.
  external_files(object_files& own, external_buckets named) : own_(own), named_(std::move(named)) {}

  std::vector<std::string> keys(const std::string& bucket, std::string_view prefix) override;
  void fetch(const std::string& bucket, const std::string& key, const std::filesystem::path& into) override;
  void put(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
           std::string_view type) override;
  std::string outside(const std::string& bucket) const override;

 private:
  bool is_external(const std::string& bucket) const { return named_.names.contains(bucket); }
  // A connection of one call's own: jobs do not wait for each other.
  aws::s3_client client() const;

  object_files& own_;
  const external_buckets named_;
};

}  // namespace eunomia::wire::personalize
