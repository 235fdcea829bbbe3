#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "wire/personalize/house.h"
#include "wire/personalize/s3_location.h"

namespace eunomia::wire::personalize {

// A folder of a job's own below house::incoming, for copies of files on their way in and out; it goes with this, and
// what a kill leaves of it when the server starts again.
class job_folder {
 public:
  explicit job_folder(const house& in);
  ~job_folder();
  job_folder(const job_folder&) = delete;
  job_folder& operator=(const job_folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The path of an input or output of a job: {"s3DataSource": {"path": "s3://..."}}. Throws errc::invalid_argument.
s3_location place_in(const core::json_value& shown, std::string_view member, std::string_view inner);

// "s3://bucket/folder/" and "part.csv": s3://bucket/folder/part.csv.
s3_location in_folder(const s3_location& folder, const std::string& name);
// The keys of files that a place means: itself where it is one, else all that lie in the folder of that name. Throws
// errc::not_found.
std::vector<std::string> files_at(const house& in, const s3_location& place);

// A copy of a file of the object store.
struct fetched_file {
  std::filesystem::path copy;
  s3_location origin;
};

fetched_file fetch(const house& in, const s3_location& from, const std::filesystem::path& into);
// Reads the copies. An error of it that names one of them is thrown on naming the file that the client knows.
void read_as_origins(std::span<const fetched_file> files, const std::function<void()>& read);

}  // namespace eunomia::wire::personalize
