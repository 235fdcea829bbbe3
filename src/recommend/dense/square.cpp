// A tile is written in blocks of 16 x 16: the block's 16 rows are 16 cache lines of the square, and transposed in
// registers they are the 16 lines of the mirror image; each line is stored once, whole, so that it needs no read.

#include "recommend/dense/square.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>

namespace eunomia::recommend::dense {

namespace {

constexpr std::uint32_t block = 16;

// One block of a tile and where it goes. w_rows, w_columns: the 16 factors of its rows and columns.
template <class T>
struct block_place {
  T* source;
  std::size_t edge;
  const T* w_rows;
  const T* w_columns;
  float* direct;
  float* mirrored;
  std::size_t stride;
};

template <class T, bool Add>
void write_block_portably(const block_place<T>& b) {
  for (std::uint32_t r = 0; r < block; ++r) {
    for (std::uint32_t c = 0; c < block; ++c) {
      T& value = b.source[r * b.edge + c];
      if constexpr (Add) {
        value = std::fma(b.w_rows[r], b.w_columns[c], value);
      }
      b.direct[r * b.stride + c] = static_cast<float>(value);
      b.mirrored[c * b.stride + r] = static_cast<float>(value);
    }
  }
}

// A block on the diagonal: of its upper half nothing is read, and both halves are written.
template <class T, bool Add>
void write_diagonal_block(const block_place<T>& b) {
  for (std::uint32_t r = 0; r < block; ++r) {
    for (std::uint32_t c = 0; c <= r; ++c) {
      T& value = b.source[r * b.edge + c];
      if constexpr (Add) {
        value = std::fma(b.w_rows[r], b.w_columns[c], value);
      }
      b.direct[r * b.stride + c] = b.direct[c * b.stride + r] = static_cast<float>(value);
    }
  }
}

#if defined(__x86_64__)

// GCC 12 takes the undefined operands inside its own AVX-512 headers for a mistake of ours (bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define EUNOMIA_AVX512 __attribute__((target("avx512f,avx512dq")))

EUNOMIA_AVX512 inline void store_transposed(const __m512* row, float* to, std::size_t stride) {
  __m512 pairs[block], quads[block];
  for (int i = 0; i < 8; ++i) {
    pairs[2 * i] = _mm512_unpacklo_ps(row[2 * i], row[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_ps(row[2 * i], row[2 * i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int half = 0; half < 2; ++half) {
      const __m512d upper = _mm512_castps_pd(pairs[i + half]);
      const __m512d lower = _mm512_castps_pd(pairs[i + 2 + half]);
      quads[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(upper, lower));
      quads[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(upper, lower));
    }
  }
  // quads[4 i + c] has, in its 128-bit lane l, rows 4 i .. 4 i + 3 of column 4 l + c.
  for (int c = 0; c < 4; ++c) {
    const __m512 even_top = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x88);
    const __m512 even_bottom = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x88);
    const __m512 odd_top = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xdd);
    const __m512 odd_bottom = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xdd);
    _mm512_stream_ps(to + std::size_t(c) * stride, _mm512_shuffle_f32x4(even_top, even_bottom, 0x88));
    _mm512_stream_ps(to + std::size_t(4 + c) * stride, _mm512_shuffle_f32x4(odd_top, odd_bottom, 0x88));
    _mm512_stream_ps(to + std::size_t(8 + c) * stride, _mm512_shuffle_f32x4(even_top, even_bottom, 0xdd));
    _mm512_stream_ps(to + std::size_t(12 + c) * stride, _mm512_shuffle_f32x4(odd_top, odd_bottom, 0xdd));
  }
}

template <bool Add>
EUNOMIA_AVX512 void write_block_avx512(const block_place<double>& b) {
  __m512 rows[block];
  const __m512d left = Add ? _mm512_loadu_pd(b.w_columns) : _mm512_setzero_pd();
  const __m512d right = Add ? _mm512_loadu_pd(b.w_columns + 8) : _mm512_setzero_pd();
  for (std::uint32_t r = 0; r < block; ++r) {
    double* const source = b.source + r * b.edge;
    __m512d low = _mm512_load_pd(source), high = _mm512_load_pd(source + 8);
    if constexpr (Add) {
      const __m512d w = _mm512_set1_pd(b.w_rows[r]);
      low = _mm512_fmadd_pd(w, left, low);
      high = _mm512_fmadd_pd(w, right, high);
      _mm512_store_pd(source, low);
      _mm512_store_pd(source + 8, high);
    }
    rows[r] = _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
    _mm512_stream_ps(b.direct + r * b.stride, rows[r]);
  }
  store_transposed(rows, b.mirrored, b.stride);
}

template <bool Add>
EUNOMIA_AVX512 void write_block_avx512(const block_place<float>& b) {
  __m512 rows[block];
  const __m512 columns = Add ? _mm512_loadu_ps(b.w_columns) : _mm512_setzero_ps();
  for (std::uint32_t r = 0; r < block; ++r) {
    float* const source = b.source + r * b.edge;
    rows[r] = _mm512_load_ps(source);
    if constexpr (Add) {
      rows[r] = _mm512_fmadd_ps(_mm512_set1_ps(b.w_rows[r]), columns, rows[r]);
      _mm512_store_ps(source, rows[r]);
    }
    _mm512_stream_ps(b.direct + r * b.stride, rows[r]);
  }
  store_transposed(rows, b.mirrored, b.stride);
}

#undef EUNOMIA_AVX512
#pragma GCC diagnostic pop

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}

#endif

template <class T, bool Add>
using block_writer = void (*)(const block_place<T>&);

template <class T, bool Add>
block_writer<T, Add> writer_for_this_processor() {
#if defined(__x86_64__)
  if (has_avx512()) {
    return static_cast<block_writer<T, Add>>(&write_block_avx512<Add>);
  }
#endif
  return &write_block_portably<T, Add>;
}

template <class T, bool Add>
void write_blocks(tiled_triangle<T>& matrix, tile_place at, const T* w, square& into) {
  static const block_writer<T, Add> write_block = writer_for_this_processor<T, Add>();
  const std::uint32_t edge = matrix.edge();
  const std::uint32_t rows = square_stride(matrix.rows_of(at.i)), columns = square_stride(matrix.rows_of(at.j));
  for (std::uint32_t r = 0; r < rows; r += block) {
    const std::uint32_t row = at.i * edge + r;
    const std::uint32_t end = at.i == at.j ? r : columns;
    block_place<T> b{matrix.tile(at.i, at.j) + std::size_t{r} * edge,
                     edge,
                     Add ? w + row : nullptr,
                     nullptr,
                     nullptr,
                     nullptr,
                     into.stride()};
    const auto move_to = [&](std::uint32_t c) {
      const std::uint32_t column = at.j * edge + c;
      b.source = matrix.tile(at.i, at.j) + std::size_t{r} * edge + c;
      b.w_columns = Add ? w + column : nullptr;
      b.direct = into.row(row) + column;
      b.mirrored = into.row(column) + row;
    };
    for (std::uint32_t c = 0; c < end; c += block) {
      move_to(c);
      write_block(b);
    }
    if (at.i == at.j) {
      move_to(r);
      write_diagonal_block<T, Add>(b);
    }
  }
#if defined(__x86_64__)
  _mm_sfence();  // the lines that went past the caches, before anybody is told of them
#endif
}

}  // namespace

template <class T>
void write_tile(const tiled_triangle<T>& matrix, tile_place at, square& into) {
  write_blocks<T, false>(const_cast<tiled_triangle<T>&>(matrix), at, nullptr, into);  // without Add nothing is changed
}

template <class T>
void add_outer_and_write_tile(tiled_triangle<T>& matrix, tile_place at, const T* w, square& into) {
  write_blocks<T, true>(matrix, at, w, into);
}

template void write_tile(const tiled_triangle<float>&, tile_place, square&);
template void write_tile(const tiled_triangle<double>&, tile_place, square&);
template void add_outer_and_write_tile(tiled_triangle<float>&, tile_place, const float*, square&);
template void add_outer_and_write_tile(tiled_triangle<double>&, tile_place, const double*, square&);

}  // namespace eunomia::recommend::dense
