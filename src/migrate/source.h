#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/job.h"
#include "migrate/inventory.h"
#include "wire/aws/client/json_client.h"
#include "wire/aws/client/s3_client.h"

namespace eunomia::migrate {

// Where things and rows come from.
class source {
 public:
  virtual ~source() = default;

  virtual std::string where() const = 0;  // for people
  virtual inventory read(const group_names& only, core::job& job) = 0;
  // The rows of a dataset, as CSV files in the folder. Throws naming what stands in the way.
  virtual std::vector<std::filesystem::path> fetch_rows(const thing& dataset, const std::filesystem::path& into,
                                                        core::job& job) = 0;
  // What is to be told of the last fetch_rows: copies that stay. Empty: nothing.
  virtual std::string remark() const { return {}; }
};

// Where a live service writes its exports.
struct export_place {
  std::string bucket;
  std::string prefix;  // of keys; empty, or ends with '/'
  std::string role;    // the ARN that the service takes on to write there
};

// A service of AWS, or a second Eunomia, at which export jobs write rows into a bucket, from which they are read and
// removed. The clients must outlive it.
std::unique_ptr<source> open_live_source(wire::aws::json_client& personalize, wire::aws::s3_client& files,
                                         export_place exports);

// Waits until something is ACTIVE, asking ever more seldom. Throws errc::failed_precondition with the reason when it
// has failed.
void wait_until_active(wire::aws::json_client& at, std::string_view pascal, std::string_view camel,
                       const std::string& arn, core::job& job);

}  // namespace eunomia::migrate
