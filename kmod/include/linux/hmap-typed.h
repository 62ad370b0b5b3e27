/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: typed maps, declared in one line; included by <linux/hmap.h>.
 */
#ifndef _LINUX_HMAP_TYPED_H
#define _LINUX_HMAP_TYPED_H

#include <linux/build_bug.h>

/*
 * Keys and values are passed by value. An array cannot be: a function would get the
 * address of its first element.
 */
#define HMAP_ASSERT_VALUE_TYPE(type)					\
	static_assert(__builtin_types_compatible_p(type,		\
			typeof(((void)0, *(type *)NULL))),		\
		      "a typed map has no arrays: put the array into a struct")

/*
 * All bytes of a key count, but the contents of a struct's padding are unspecified
 * when it is passed by value. Compilers without the builtin (clang) do not clear it.
 */
#if __has_builtin(__builtin_clear_padding)
#define HMAP_CLEAR_PADDING(key)	__builtin_clear_padding(&(key))
#else
#define HMAP_CLEAR_PADDING(key)	((void)&(key))
#endif

/**
 * DEFINE_HMAP() - declare a type of map
 * @name: struct @name is the type; its functions are @name_init() and so on
 * @key_type: type of the keys; not an array (put an array into a struct). gcc from
 *	version 11 on clears the padding of a struct. Equal keys must have equal
 *	padding with other compilers, and in @name_get_batch() with any compiler
 * @value_type: type of the values; not an array either
 *
 * The functions are those of hmap with keys and values of these types:
 *
 *	int name_init(struct name *m);
 *	void name_destroy(struct name *m);
 *	int name_get(struct name *m, key_type key, value_type *value);
 *	int name_put(struct name *m, key_type key, value_type value,
 *		     unsigned int flags, gfp_t gfp);
 *	int name_pop(struct name *m, key_type key, value_type *value);
 *	int name_delete(struct name *m, key_type key);
 *	unsigned int name_get_batch(struct name *m, const key_type *keys,
 *				    unsigned int n, value_type *values,
 *				    unsigned long *found);
 *
 * Use &m->map for everything else but hmap_init(): only @name_init() passes the
 * parameters that the functions have been compiled for. DEFINE_HMAP_PARAMS() takes
 * further parameters of the map.
 */
#define DEFINE_HMAP(name, key_type, value_type)				\
	DEFINE_HMAP_PARAMS(name, key_type, value_type, .flags = 0)

/**
 * DEFINE_HMAP_PARAMS() - declare a type of map with parameters
 * @name: as for DEFINE_HMAP()
 * @key_type: as for DEFINE_HMAP()
 * @value_type: as for DEFINE_HMAP()
 * @...: initialisers of members of struct hmap_params
 */
#define DEFINE_HMAP_PARAMS(name, key_type, value_type, ...)		\
HMAP_ASSERT_VALUE_TYPE(key_type);					\
HMAP_ASSERT_VALUE_TYPE(value_type);					\
									\
struct name {								\
	struct hmap map;						\
};									\
									\
static const struct hmap_params name##_params = {			\
	.key_size = sizeof(key_type),					\
	.value_size = sizeof(value_type),				\
	__VA_ARGS__							\
};									\
									\
static inline int __maybe_unused name##_init(struct name *m)		\
{									\
	return hmap_init(&m->map, &name##_params);			\
}									\
									\
static inline void __maybe_unused name##_destroy(struct name *m)	\
{									\
	hmap_destroy(&m->map);						\
}									\
									\
static __always_inline int __maybe_unused				\
name##_get(struct name *m, key_type key, value_type *value)		\
{									\
	HMAP_CLEAR_PADDING(key);					\
	return hmap_get_inline(&m->map, &key, value, name##_params);	\
}									\
									\
static __always_inline unsigned int __maybe_unused			\
name##_get_batch(struct name *m, const key_type *keys, unsigned int n,	\
		 value_type *values, unsigned long *found)		\
{									\
	return hmap_get_batch_inline(&m->map, keys, n, values, found,	\
				     name##_params);			\
}									\
									\
static inline int __maybe_unused					\
name##_put(struct name *m, key_type key, value_type value,		\
	   unsigned int flags, gfp_t gfp)				\
{									\
	HMAP_CLEAR_PADDING(key);					\
	return hmap_put(&m->map, &key, &value, flags, gfp);		\
}									\
									\
static inline int __maybe_unused					\
name##_pop(struct name *m, key_type key, value_type *value)		\
{									\
	HMAP_CLEAR_PADDING(key);					\
	return hmap_pop(&m->map, &key, value);				\
}									\
									\
static inline int __maybe_unused name##_delete(struct name *m, key_type key) \
{									\
	HMAP_CLEAR_PADDING(key);					\
	return hmap_delete(&m->map, &key);				\
}									\
struct name

#endif /* _LINUX_HMAP_TYPED_H */
