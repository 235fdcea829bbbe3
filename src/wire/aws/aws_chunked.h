#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "wire/aws/sigv4.h"
#include "wire/http/message.h"

namespace eunomia::wire::aws {

// Takes the framing off an aws-chunked body as it arrives. With CRLF after each line, and after the data:
//
//   chunk    size in hexadecimal [;chunk-signature=64 digits], data        any number
//   the last 0 [;chunk-signature=64 digits]
//   trailers name:value, ..., [x-amz-trailer-signature:64 digits]          of the forms that have some
//   an empty line
//
// Each chunk's signature is of the one before, of the request for the first, and of its data; that of the trailers is
// of the last chunk's and of them. (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
// sigv4-streaming-trailers.html.) Refused: signature_does_not_match, incomplete_body, malformed_body,
// malformed_trailer; the message names the chunk, from 1. After a refusal nothing more may be taken.
class aws_chunked_decoder {
 public:
  static constexpr std::size_t max_line_bytes = 256;
  static constexpr std::size_t max_trailer_bytes = 4096;
  static constexpr std::size_t max_trailers = 16;

  // Of a request with admitted::still_to_check::chunks, whose head must have x-amz-decoded-content-length.
  static or_refusal<aws_chunked_decoder> of(const http::request& head, const admitted& request);

  // Appends the data of some bytes to decoded. A chunk's data is handed on before its signature has come: nothing may
  // be done with any of it before finish() has nothing to say.
  std::optional<refusal> take(std::string_view bytes, std::string& decoded);
  // After the last byte.
  std::optional<refusal> finish() const;

  // Those that x-amz-trailer names, lower case, in the order sent; whole once finish() has nothing to say.
  const std::vector<http::header>& trailers() const { return trailers_; }

 private:
  enum class expected { size_line, data, end_of_data, trailer_line, end_of_body, nothing };

  aws_chunked_decoder(signing_context signer, payload form, std::string seed);

  std::optional<refusal> take_line(std::string_view& bytes);
  void take_data(std::string_view& bytes, std::string& decoded);
  std::optional<refusal> read_line(std::string_view line);
  std::optional<refusal> read_size(std::string_view line);
  std::optional<refusal> end_chunk();
  std::optional<refusal> read_trailer(std::string_view line);
  std::optional<refusal> check_trailers(std::string_view signature);
  std::optional<refusal> end_trailers();
  bool has_signed_chunks() const { return form_ != payload::unsigned_chunks_and_trailer; }
  bool has_trailer() const { return form_ != payload::signed_chunks; }
  refusal refused(refusal_kind kind, std::string_view why) const;

  signing_context signer_;
  payload form_;
  std::string previous_;                     // signature
  std::uint64_t left_ = 0;                   // of x-amz-decoded-content-length
  std::vector<std::string> trailers_named_;  // by x-amz-trailer

  expected next_ = expected::size_line;
  std::uint64_t chunk_ = 1;
  std::uint64_t chunk_left_ = 0;
  bool is_last_ = false;
  std::string chunk_signature_;
  core::sha256_hasher data_;
  std::string line_;  // so much of it as has come
  std::size_t trailer_bytes_ = 0;
  std::string signed_trailers_;
  std::vector<http::header> trailers_;
};

}  // namespace eunomia::wire::aws
