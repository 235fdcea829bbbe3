#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sign.h"
#include "subject/audit/audit_log.h"

// The signed proof of what was done for a request of a data subject, to be verified by anybody who has the public key,
// without Eunomia's database. It names no person: neither an identifier, nor a handle, nor a pseudonym; that the
// request of that id was theirs, the person and the controller know.
//
// The file is JSON for people, indented by two spaces, and has one form only, byte for byte: members in the order of
// the structs below, absent ones left out, numbers whole, a line feed at the end. After the members of `certificate`
// follow
//
//   "digests"     [{"section", "blake2b"}, ...]: BLAKE2b-256, hexadecimal, of each section written on one line without
//                 spaces: "request", "steps[0]", "steps[1]", ..., "verification", "audit", "remarks", in this order
//   "signature"   {"algorithm": "Ed25519", "key_id", "value"}: base64 of the signature over the text that the list of
//                 digests stands for:
//
//                   eunomia certificate 1\n
//                   request <blake2b>\n
//                   steps[0] <blake2b>\n
//                   ...
//
// so that any JSON library and any Ed25519 verify it: write each section compactly (no escapes but those that JSON asks
// for), hash, build the text, verify. tests/command_line/test_certificates.py does, in Python.
namespace eunomia::subject {

inline constexpr std::uint32_t certificate_format = 1;
inline constexpr std::size_t max_certificate_bytes = std::size_t{4} << 20;
inline constexpr std::size_t max_certificate_steps = 1000;
inline constexpr std::size_t max_certificate_remarks = 100;
// Of each text in it: UTF-8 without control characters.
inline constexpr std::size_t max_certificate_text_bytes = 1000;

// Articles 15 to 22 of the GDPR.
enum class certified_right { access, rectification, erasure, restriction, portability, objection, human_review };
BOOST_DESCRIBE_ENUM(certified_right, access, rectification, erasure, restriction, portability, objection, human_review)

// How gone something is, from what rests nowhere to what will be gone.
enum class erasure_level {
  physically_erased,      // the bytes rest in no file of the store
  logically_deleted,      // no query finds it; the bytes rest in the files of an engine until it uses their place again
  model_exactly_updated,  // the model has the bits of one that never saw the person
  model_updated,          // what the model learned from the person is taken out; it has those bits by `until`
  model_converged,        // as near to such a model as distance_parts_per_billion says
  model_retrained,        // learned anew without the person
  retrain_pending,        // the model will be learned anew by `until`
  key_destroyed,          // what is left cannot be read by anybody: a safeguard, no erasure
  pending_backup_expiry   // rests in backups, unreadable, until `until`
};
BOOST_DESCRIBE_ENUM(erasure_level, physically_erased, logically_deleted, model_exactly_updated, model_updated,
                    model_converged, model_retrained, retrain_pending, key_destroyed, pending_backup_expiry)

// Times are core::format_iso8601 texts, UTC.
struct certified_request {
  std::string installation;  // id of the server that signs
  std::string request;       // id of the request
  certified_right right = certified_right::erasure;
  std::string requested_at;
  std::string completed_at;
  std::string deadline;
  std::uint64_t people = 0;  // how many data subjects the request was about
};
BOOST_DESCRIBE_STRUCT(certified_request, (),
                      (installation, request, right, requested_at, completed_at, deadline, people))

struct certificate_step {
  std::string custodian;  // "recommend"
  std::string what;       // "interactions of the dataset shop"
  std::string store;      // "tables", "sqlite", "postgresql", "memory"
  // Of an erasure every step has one; another right has none.
  std::optional<erasure_level> level;
  std::uint64_t count = 0;  // rows, models, files: as `what` says
  std::string details;
  // Of model_converged, and only of it: the measured relative distance to a retrain.
  std::optional<std::uint64_t> distance_parts_per_billion;
  // Of model_updated, retrain_pending and pending_backup_expiry, and only of them.
  std::optional<std::string> until;
  std::uint64_t milliseconds = 0;
};
BOOST_DESCRIBE_STRUCT(certificate_step, (),
                      (custodian, what, store, level, count, details, distance_parts_per_billion, until, milliseconds))

// How it was made sure that nothing is left.
struct certified_verification {
  std::string method;
  std::uint64_t files_read = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t tables_queried = 0;
  std::uint64_t found = 0;  // places where something was left
};
BOOST_DESCRIBE_STRUCT(certified_verification, (), (method, files_read, bytes_read, tables_queried, found))

// The entry of the audit log that recorded it: an anchor for audit_log::verify.
struct certified_audit {
  std::string log;  // audit_log::id()
  std::int64_t sequence = 0;
  std::string hash;  // hexadecimal
};
BOOST_DESCRIBE_STRUCT(certified_audit, (), (log, sequence, hash))

struct certificate {
  std::uint32_t format = certificate_format;
  certified_request request;
  std::vector<certificate_step> steps;
  certified_verification verification;
  certified_audit audit;
  std::vector<std::string> remarks;  // what the reader must know: "a backup of 3 May rests until 2 June, unreadable"
};
BOOST_DESCRIBE_STRUCT(certificate, (), (format, request, steps, verification, audit, remarks))

// The bytes of the file. Throws errc::invalid_argument naming the member that is beyond a limit or contradicts another.
std::string write_certificate(const certificate& content, const core::signing_key& key);

struct verified_certificate {
  certificate content;
  core::public_key signed_by;
};

// What the bytes certify, when one of the keys signed them and every byte is as it was written. Otherwise throws
// errc::corrupt naming the place: the section that was altered ("steps[3] (custodian "recommend")"), the list of
// digests, the signature, or the byte offset (from 0) or line where it is not what Eunomia writes.
verified_certificate verify_certificate(std::string_view bytes, std::span<const core::public_key> keys);

// The position in the audit log that a certificate names. Throws errc::corrupt when the certificate is of another log.
audit_anchor anchor_of(const certificate& content, const audit_log& log);

}  // namespace eunomia::subject
