#pragma once

#include <atomic>
#include <boost/describe.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/custodian.h"
#include "subject/erasure/erasure_house.h"
#include "subject/erasure/erasure_progress.h"
#include "subject/rights/request_table.h"

// Erasure (Art. 17): people leave everything that the custodians hold, and a certificate says so.
//
//   begin()   the ledger of erasures, which a restored backup is held against, gets their handles; one transaction
//   keeps
//             the request, takes identifiers and keys out of directory and vault, and writes to the audit log: from
//             then on nothing leads from an identifier to the person. Then whatever answers from memory loses them.
//             That is when the request is acknowledged.
//   finish()  for all requests that wait: what there is is counted; every custodian erases; the stores are asked again,
//             and every file of the data directory is read for what the people were called and what their rows were;
//             what they chose, and what led to them from the request, goes in the transaction that writes the
//             certificates; SQLite's log is emptied; the requests are completed.
//   follow_up()
//             for what was certified with steps that were still to come true (certificate_step::until): once all of
//             them have, one transaction writes a second certificate, which names the first by its digest.
//
// A kill at any moment is answered by the next finish(), which does all of it again: nothing in it counts on not having
// been done. What stands in the way is kept with the request, which waits. Nothing is claimed that did not happen.
namespace eunomia::subject {

// Of a request whose steps came true later there are two certificates; else they are the same.
enum class certificate_edition { newest, first };
BOOST_DESCRIBE_ENUM(certificate_edition, newest, first)

// In the transaction that keeps a request, which may be tried again: what else is to be known of it.
using also_kept = std::function<void(store::sql::transaction& in, const rights_request& made)>;

// Any thread. One process has the data directory, in one of these.
class erasures {
 public:
  // Brings the schema up to date; tells the custodians whose erasure waits.
  explicit erasures(erasure_house in);

  // Whom these names name, ascending, each once. Who is known to a custodian by the name alone is enrolled. Throws
  // errc::not_found when there is nobody.
  std::vector<core::subject_handle> people_named(std::string_view space, std::span<const std::string> names) const;

  // Durable, and gone from what answers, when it returns. steps: what became of identifiers, keys and memory. Throws
  // errc::invalid_argument for nobody at all.
  rights_request begin(std::span<const core::subject_handle> people, const actor& by, const custody_context& with,
                       const also_kept& also = {});

  // The same of those of them of whom no custodian holds anything that has a time of its own; nothing when there is
  // none of them. Who does something at this moment stays.
  std::optional<rights_request> begin_where_nothing_is_held(std::span<const core::subject_handle> people,
                                                            const actor& by, const custody_context& with);

  // The requests that it completed: all that waited when it began. Reports its phases (erasure_progress.h) to the job.
  // Throws what stands in the way, after it was kept
  // with them; errc::cancelled.
  std::vector<rights_request> finish(const custody_context& with);

  // What the search finds of a request's identifiers in a file (or below a folder, whose path ends in '/'; below the
  // data directory) is not theirs: so judged by, for that reason, and on record in one transaction. What they rested as
  // is found there all the same. Throws errc::not_found; errc::failed_precondition for what is completed or no erasure;
  // errc::invalid_argument for another path, and for words that hold an identifier which the search would find;
  // errc::resource_exhausted above max_dismissed_finds (dismissed_finds.h).
  rights_request dismiss_find(std::int64_t request, std::string_view file, std::string_view reason, const actor& by);
  // What stood in the way of the last attempt does so no more: a find was dismissed since, or the file that was on its
  // way in is gone, or so is an object.
  bool worth_another_attempt() const;

  // Follows up on completed requests of which every step has come true since (custodian::settled): a second
  // certificate, the steps of the request as they are now, and "erasure.settled" in the audit log. Their ids. One that
  // is overdue is logged, and so is one that cannot be followed up on: the others are, then this throws why;
  // errc::cancelled.
  std::vector<std::int64_t> follow_up(const custody_context& with);
  // Whether any request waits for that.
  bool expects_follow_up() const;

  // What is being done for an erasure that is not completed; nothing for another request.
  std::optional<erasure_progress> progress_of(const rights_request& request) const;

  // When the oldest came that waits, UTC ms.
  std::optional<std::int64_t> wait_since() const;

  // errc::not_found.
  rights_request find(std::int64_t id) const;
  // Newest first, ids below before (0: from the newest). limit: at most max_audit_page.
  std::vector<rights_request> list(std::int64_t before, std::size_t limit) const;
  // The file. errc::not_found; errc::failed_precondition until it is completed.
  std::string certificate_of(std::int64_t id, certificate_edition wanted = certificate_edition::newest) const;

 private:
  struct pass;
  class on_board;

  std::vector<std::unique_ptr<erasure_guard>> hold_back(std::span<const core::subject_handle> people) const;
  rights_request keep(std::span<const core::subject_handle> gone, const actor& by, const also_kept& also);
  void look(pass& in, const custody_context& with);
  void keep_steps(const pass& in);
  void erase_everywhere(pass& in, const custody_context& with);
  void erase_named(pass& in, const custody_context& with, std::exception_ptr& obstacle);
  void close(pass& in);
  std::string certify(store::sql::transaction& in, const pass& of, const request_table::open_case& one,
                      std::span<const certificate_step> steps, std::int64_t now) const;
  // The steps of a request when all of them have come true.
  std::optional<std::vector<certificate_step>> settled_steps(const rights_request& request,
                                                             const custody_context& with) const;
  void keep_follow_up(const rights_request& request, std::span<const certificate_step> settled);
  void tell(const erasure_progress& now, core::job& job);
  void keep_obstacle(std::span<const request_table::open_case> cases, std::string_view why) noexcept;

  erasure_house house_;
  std::mutex finishing_;  // held by finish() and follow_up()
  std::atomic<bool> judged_anew_ = false;
  std::atomic<std::int64_t> waits_for_files_before_ = 0;  // UTC ms; 0: for none
  erasure_board board_;
};

}  // namespace eunomia::subject
