#include "app/external_s3.h"

#include <fmt/format.h>

#include "core/error.h"
#include "object/names.h"
#include "wire/aws/client/credentials_file.h"
#include "wire/aws/names.h"

namespace eunomia::app {

namespace {

constexpr std::size_t max_external_buckets = 100;
constexpr std::string_view environment_prefix = "EUNOMIA_S3_";

}  // namespace

void add_external_s3_options(CLI::App& command, external_s3_flags& flags) {
  command.add_option("--s3-endpoint", flags.endpoint,
                     "The URL of another S3, whose buckets --s3-buckets names: jobs read and write files there");
  command.add_option("--s3-buckets", flags.buckets, "Their names, apart by commas; all others are this server's own")
      ->delimiter(',');
  command.add_option("--s3-region", flags.region, "What requests to it are signed for")->capture_default_str();
  command.add_option("--s3-credentials-file", flags.credentials_file,
                     "Lines aws_access_key_id = … and aws_secret_access_key = … (default: "
                     "EUNOMIA_S3_AWS_ACCESS_KEY_ID, EUNOMIA_S3_AWS_SECRET_ACCESS_KEY of the environment)");
  command.add_option("--s3-certificate-authority", flags.certificate_authority,
                     "PEM of who signed its certificate (default: the system's)");
}

std::optional<wire::personalize::external_buckets> external_buckets_of(const external_s3_flags& flags) {
  if (flags.endpoint.empty() && flags.buckets.empty()) {
    return std::nullopt;
  }
  if (flags.endpoint.empty() || flags.buckets.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "--s3-endpoint and --s3-buckets go together: a URL, and the buckets that are there");
  }
  if (flags.buckets.size() > max_external_buckets) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("--s3-buckets names {} buckets, more than max_external_buckets = {}",
                                  flags.buckets.size(), max_external_buckets));
  }
  wire::personalize::external_buckets named;
  for (const std::string& bucket : flags.buckets) {
    object::check_bucket_name(bucket);
    named.names.insert(bucket);
  }
  named.at = {flags.endpoint, flags.region, std::string(wire::aws::s3_service), flags.certificate_authority};
  named.with = flags.credentials_file.empty() ? wire::aws::credentials_in_environment(environment_prefix)
                                              : wire::aws::read_credentials_file(flags.credentials_file);
  [[maybe_unused]] const wire::aws::s3_client refuses_bad_urls(named.at, named.with);
  return named;
}

}  // namespace eunomia::app
