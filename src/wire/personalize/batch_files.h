#pragma once

#include <functional>

#include "wire/personalize/file_jobs.h"

namespace eunomia::wire::personalize {

// Answers every line of the files at a place, JSON objects, with one in a file of the same name and ".out" in a folder:
//
//   {"input": {"userId": "4638"}, "output": {"recommendedItems": [...]}, "error": null}
//
// A line that cannot be answered has a null output and says why. Reports lines to the job.
using line_answer = std::function<core::json_value(const core::json_value& input)>;
void answer_files(const house& in, const s3_location& from, const s3_location& to, core::job& job,
                  const line_answer& answer);

// Answers about people that go to a bucket outside of the house are on record as handed to its readers, before the
// first leaves. dataset: whose people they are.
void record_readers(const house& in, const s3_location& to, const std::string& dataset, const std::string& job_name);

// A solution version that answers while this lives, under a name of its own.
class lent_version {
 public:
  // name: of the job that asks it.
  lent_version(const house& in, const resource& solution, const resource& version, const std::string& name,
               core::job& job);
  ~lent_version();
  lent_version(const lent_version&) = delete;
  lent_version& operator=(const lent_version&) = delete;

  const recommend::asked_model& model() const { return model_; }

 private:
  const house& in_;
  recommend::asked_model model_;
};

}  // namespace eunomia::wire::personalize
