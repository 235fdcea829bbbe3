#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wire/personalize/external_files.h"

namespace eunomia::app {

// What `eunomia up` is told of an S3 beside the house's own store. Secrets are never among it: they are in a file, or
// in the environment as EUNOMIA_S3_AWS_ACCESS_KEY_ID and so on.
struct external_s3_flags {
  std::string endpoint;  // URL; empty: there is none
  std::vector<std::string> buckets;
  std::string region = "us-east-1";
  std::filesystem::path credentials_file;
  std::filesystem::path certificate_authority;
};

void add_external_s3_options(CLI::App& command, external_s3_flags& flags);

// Nothing without an endpoint. Throws errc::invalid_argument for an endpoint without buckets or buckets without an
// endpoint, a name that no bucket can have, and credentials that cannot be read.
std::optional<wire::personalize::external_buckets> external_buckets_of(const external_s3_flags& flags);

}  // namespace eunomia::app
