#include "wire/personalize/batch_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/utf8.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/solutions.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;

constexpr std::size_t max_line_bytes = std::size_t{1} << 20;
constexpr std::size_t longest_shown = 1024;  // of a line that is no JSON
constexpr std::uint64_t lines_a_report = 100;

// The next line, without its end; false when there is none. Of one that is longer than max_line_bytes its beginning,
// and one byte more than these.
bool next_line(std::istream& from, std::string& line) {
  constexpr int end = std::char_traits<char>::eof();
  line.clear();
  int byte = from.get();
  const bool is_one = byte != end;
  for (; byte != end && byte != '\n'; byte = from.get()) {
    if (line.size() <= max_line_bytes) {
      line += static_cast<char>(byte);
    }
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  return is_one;
}

json_value answered(const std::string& line, const line_answer& answer) {
  json_value input = json_value::of_string(core::storable_text(line, longest_shown));
  json_value output;
  json_value fault;
  try {
    if (line.size() > max_line_bytes) {
      throw core::error(core::errc::invalid_argument,
                        fmt::format("the line is longer than max_line_bytes = {}", max_line_bytes));
    }
    input = core::parse_json(line);
    if (input.type() != json_value::kind::object) {
      throw core::error(core::errc::invalid_argument, "a line is a JSON object");
    }
    output = answer(input);
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::cancelled) {
      throw;
    }
    fault = json_value::of_string(problem.what());
  }
  json_value shown = with(json_value::of_object(), "input", std::move(input));
  shown = with(std::move(shown), "output", std::move(output));
  return with(std::move(shown), "error", std::move(fault));
}

void answer_file(const std::filesystem::path& from, const std::filesystem::path& to, core::job& job,
                 const line_answer& answer) {
  std::ifstream lines(from, std::ios::binary);
  core::atomic_file out(to);
  std::uint64_t number = 0;
  for (std::string line; next_line(lines, line);) {
    job.check();
    if (line.empty()) {
      continue;
    }
    out.write(core::write_json(answered(line, answer)));
    out.write("\n");
    if (++number % lines_a_report == 0) {
      job.report("answer lines", number, 0);
    }
  }
  if (lines.bad()) {
    throw core::error(core::errc::unavailable, "the file could not be read to its end");
  }
  out.commit();
}

std::string file_name_of(const std::string& key) {
  return key.substr(key.rfind('/') == std::string::npos ? 0 : key.rfind('/') + 1);
}

}  // namespace

void answer_files(const house& in, const s3_location& from, const s3_location& to, core::job& job,
                  const line_answer& answer) {
  const job_folder folder(in);
  for (const std::string& key : files_at(in, from)) {
    const auto input = folder / "input";
    const auto output = folder / "output";
    in.files.fetch(from.bucket, key, input);
    answer_file(input, output, job, answer);
    const s3_location place = in_folder(to, file_name_of(key) + ".out");
    in.files.put(place.bucket, place.key, output, "application/x-ndjson");
    std::filesystem::remove(input);
    std::filesystem::remove(output);
  }
}

void record_readers(const house& in, const s3_location& to, const std::string& dataset, const std::string& job_name) {
  if (const std::string outside = in.files.outside(to.bucket); !outside.empty()) {
    in.datasets.open(dataset).record_disclosure(
        recommend::data_kind::interactions, fmt::format("readers of {} (batch job {})", outside, job_name), in.purpose);
  }
}

lent_version::lent_version(const house& in, const resource& solution, const resource& version, const std::string& name,
                           core::job& job)
    // A campaign of the solution is a deployment too, and no name of one begins so.
    : in_(in), model_(recommender_of(solution), "_batch-" + name.substr(0, 50)) {
  in.recommenders.deploy(model_.recommender, model_.deployment, version_of(in, version), in.background.context(job));
}

lent_version::~lent_version() {
  try {
    in_.recommenders.withdraw(model_.recommender, model_.deployment);
    in_.answering.drop_replaced();
  } catch (const core::error& problem) {
    core::log::warning("a version stays deployed",
                       {{"recommender", model_.recommender}, {"why", problem.kept_message()}});
  }
}

}  // namespace eunomia::wire::personalize
