// How a second certificate says that what an erasure left for later has come true.
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "core/time.h"
#include "subject/erasure/erasures.h"
#include "subject/erasure/follow_up_table.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

struct settled_details {
  std::int64_t request = 0;
};
BOOST_DESCRIBE_STRUCT(settled_details, (), (request))

std::string remark_of(std::string_view first, std::int64_t now) {
  return fmt::format(
      "It follows the certificate of this request with the BLAKE2b digest {}: what was still to come true then had by "
      "{}. How it was verified that nothing was left, and what else is said here, is of that one.",
      core::to_hex(core::blake2b(first)), core::format_iso8601(now));
}

}  // namespace

bool erasures::expects_follow_up() const {
  return house_.sql.read(follow_up_table::any_waiting);
}

std::vector<std::int64_t> erasures::follow_up(const custody_context& with) {
  const std::lock_guard finishing(finishing_);
  std::vector<std::int64_t> followed;
  std::exception_ptr obstacle;
  for (const auto& [id, due] : house_.sql.read(follow_up_table::all_waiting)) {
    with.job.check();
    try {
      const rights_request request = find(id);
      if (const auto settled = settled_steps(request, with)) {
        keep_follow_up(request, *settled);
        followed.push_back(id);
      } else if (due < core::now_ms()) {
        core::log::warning("an erasure has steps that did not come true in time",
                           {{"request", id}, {"due", core::format_iso8601(due)}});
      }
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      core::log::error("an erasure cannot be followed up on", {{"request", id}, {"why", problem.kept_message()}});
      obstacle = std::current_exception();
    }
  }
  if (!followed.empty()) {
    house_.audit.sign_head(core::signing_key(house_.keys.keys().signing_seed()));
  }
  if (obstacle) {
    std::rethrow_exception(obstacle);
  }
  return followed;
}

std::optional<std::vector<certificate_step>> erasures::settled_steps(const rights_request& request,
                                                                     const custody_context& with) const {
  std::vector<certificate_step> steps = request.steps;
  for (certificate_step& step : steps) {
    if (step.until) {
      auto settled = house_.all.settled(step, with);
      if (!settled) {
        return std::nullopt;
      }
      step = *std::move(settled);
    }
  }
  return steps;
}

void erasures::keep_follow_up(const rights_request& request, std::span<const certificate_step> settled) {
  const core::signing_key key(house_.keys.keys().signing_seed());
  const core::public_key signed_by = key.public_half();
  const std::string first = certificate_of(request.id, certificate_edition::first);
  certificate content = verify_certificate(first, {&signed_by, 1}).content;
  content.steps.assign(settled.begin(), settled.end());
  house_.sql.write([&](sql::transaction& in) {
    const std::int64_t now = core::now_ms();
    const audit_position at = house_.audit.append(in, audit_entry{actor::system(), "erasure.settled", std::nullopt,
                                                                  core::write_json(settled_details{request.id})});
    certificate next = content;
    next.audit = {house_.audit.id(), at.sequence, core::to_hex(at.hash)};
    next.remarks.push_back(remark_of(first, now));
    follow_up_table::keep(in, request.id, write_certificate(next, key), now);
    request_table::keep_steps(in, request.id, settled, true);
  });
}

}  // namespace eunomia::subject
