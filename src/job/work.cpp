#include "job/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace eunomia::job {

namespace {

ending failed(const work& of, core::errc code, std::string_view message) {
  ending how = of.ended_as(state::failed);
  how.error_code = core::name_of(code);
  how.error_message = core::storable_text(message, max_error_bytes);
  return how;
}

ending succeeded(const work& of, std::string result) {
  if (result.size() > max_result_bytes) {
    return failed(of, core::errc::resource_exhausted,
                  fmt::format("the job is done, but its result of {} bytes is too long to keep (max_result_bytes = {})",
                              result.size(), max_result_bytes));
  }
  if (!storable(result)) {
    return failed(of, core::errc::internal, "the job is done, but its result is no UTF-8, or holds U+0000");
  }
  ending how = of.ended_as(state::succeeded);
  how.result = std::move(result);
  return how;
}

}  // namespace

work::work(record begun) : begun_(std::move(begun)) {}

void work::report(std::string_view stage, std::uint64_t done, std::uint64_t total) {
  stage = stage.substr(0, max_name_bytes);
  const std::lock_guard lock(mutex_);
  if (stage == stage_ && done == done_ && total == total_) {
    return;
  }
  stage_.assign(stage);
  done_ = done;
  total_ = total;
  count_change();
}

void work::request_cancel() {
  cancel();
  const std::lock_guard lock(mutex_);
  count_change();
}

void work::show_in(record& row) const {
  const std::lock_guard lock(mutex_);
  if (row.is == state::running && row.revision == begun_.revision) {
    row.stage = stage_;
    row.done = done_;
    row.total = total_;
    row.revision += changes_;
  }
}

ending work::ended_as(state is) const {
  const std::lock_guard lock(mutex_);
  ending how;
  how.is = is;
  how.stage = core::storable_text(stage_, max_error_bytes);
  how.done = std::min<std::uint64_t>(done_, INT64_MAX);
  how.total = std::min<std::uint64_t>(total_, INT64_MAX);
  return how;
}

void work::count_change() {
  changes_ = std::min(changes_ + 1, (std::uint64_t{1} << reports_bits) - 1);
}

ending run(const handler& handle, work& job) {
  if (job.cancelled()) {
    return job.ended_as(state::queued);
  }
  try {
    return succeeded(job, handle(job.begun(), job));
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::cancelled && job.cancelled()) {
      return job.ended_as(state::queued);
    }
    return failed(job, problem.code(), problem.kept_message());
  } catch (const std::bad_alloc&) {
    return failed(job, core::errc::resource_exhausted, "there was not enough memory for this job");
  } catch (const std::exception& problem) {
    return failed(job, core::errc::internal, problem.what());
  } catch (...) {
    return failed(job, core::errc::internal, "the job threw something that is no exception");
  }
}

bool storable(std::string_view text) {
  return core::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

}  // namespace eunomia::job
