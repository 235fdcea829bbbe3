#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/custodian.h"
#include "subject/decision/automated_decisions.h"
#include "subject/directory.h"
#include "subject/purpose/purposes.h"
#include "subject/rights/archive.h"
#include "subject/rights/request.h"
#include "subject/vault/vault.h"

// The desk where every right but erasure is granted: access and portability (Art. 15, 20), rectification (16),
// objection and restriction (21, 18), consent and what takes them back, and the review of an automated decision by a
// human (22). Each is on record as a request that was
// durable before it was granted, in the audit log under the person's pseudonym, and certified.
namespace eunomia::subject {

// All outlive it.
struct desk_house {
  store::sql::database& sql;
  const vault& keys;
  durable_directory& people;
  subject::purposes& purposes;
  audit_log& audit;
  const custodians& all;
  automated_decisions& decisions;
};

struct granted_archive {
  rights_request request;
  archive_report archive;
};

// Instead of one that is wrong.
struct right_identifier {
  std::string space;
  std::string wrong;
  std::string right;
};

// Any thread.
class rights_desk {
 public:
  // Brings the schema up to date.
  explicit rights_desk(desk_house in);

  // Writes the archive of one person to a file (archive.h). The request is durable before the first byte of it is
  // written, and completed when the file is whole. What throws stays with the request as what stands in its way;
  // whoever asks again for the same continues it, with its deadline.
  granted_archive grant_archive(core::subject_handle who, archive_scope scope, const std::filesystem::path& file,
                                const actor& by, const custody_context& with);

  // Carries out a rectification (Art. 16): the request is durable before change is called, and completed and certified
  // with the steps that it returns; a wrong identifier is replaced in the transaction that completes it. What throws
  // stays with the request; whoever asks again continues it. Throws what durable_directory::rename throws.
  rights_request rectify(core::subject_handle who, const actor& by,
                         const std::function<std::vector<certificate_step>()>& change,
                         const std::optional<right_identifier>& identifier);

  // Somebody is known by one more identifier (durable_directory::link), in one transaction with its entry in the audit
  // log, which says in which space; false, and no entry, when they were already. No request of theirs: who they are is
  // for the controller to know. Throws what durable_directory::link throws.
  bool link(core::subject_handle who, std::string_view space, std::string_view identifier, const actor& by);
  // The same of many, in one transaction with all of their entries: for who moves a customer base. Who was erased
  // meanwhile is left out. How many were not known so before. Throws errc::resource_exhausted above max_links.
  static constexpr std::size_t max_links = 1000;
  struct new_identifier {
    core::subject_handle who;
    std::string identifier;
  };
  std::uint64_t link_all(std::span<const new_identifier> links, std::string_view space, const actor& by);

  // Keeps a choice as purposes::choose does, in one transaction with its entry in the audit log and, when it is an
  // objection or a restriction, with the request, which is completed by it. Nothing when it stood already, or is no
  // request in itself. The next read knows it when this returns. Throws what purposes::choose throws.
  std::optional<rights_request> choose(core::subject_handle who, const std::optional<core::purpose>& about, choice made,
                                       const actor& by);

  // Asks for a human to look at a decision that a program made about the person. statement: their point of view, may be
  // empty. Whoever asks again while it waits gets the same request, and a statement that is not empty takes the place
  // of the one before. Throws errc::not_found unless there is such a decision about them.
  rights_request ask_for_review(core::subject_handle who, std::int64_t decision, std::string_view statement,
                                const actor& by);
  // What the human says completes the request and is certified. Throws as automated_decisions::require_waiting and
  // answer.
  rights_request answer_review(std::int64_t request, const review_answer& given, const actor& by);

 private:
  // What a request that work is done for comes to.
  struct outcome {
    std::vector<certificate_step> steps;
    std::string method;  // how it was made sure
    std::function<void(store::sql::transaction&)> last = {};
  };
  rights_request carry_out(certified_right right, core::subject_handle who, const actor& by,
                           const std::function<outcome(const rights_request&)>& work);
  rights_request receive(certified_right right, core::subject_handle who, const actor& by);
  audit_position record(store::sql::transaction& in, core::subject_handle who, const actor& by, std::string_view action,
                        std::string_view details) const;
  std::string certify(const rights_request& granted, std::string_view method, const audit_position& at) const;

  desk_house house_;
};

}  // namespace eunomia::subject
