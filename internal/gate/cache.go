package gate

import (
	"sync"

	"kelisim/internal/ident"
	"kelisim/internal/seal"
)

// Cache keeps facts of subjects in memory. It needs no invalidation: what is
// decided on it lands only if the versions it was read under still hold.
type Cache struct {
	shards [shardCount]shard
	half   int
}

const shardCount = 64

// shard is two generations: when the young one is full it becomes the old one,
// and what nobody asked for since is gone.
type shard struct {
	mu         sync.Mutex
	young, old map[cacheKey]*held
}

type cacheKey struct{ subject, org ident.ID }

// held is Loaded with its keys opened, which live in memory only, and without the
// wrapped ones.
type held struct {
	Loaded
	journal seal.Key
	data    seal.Key // zero when there is none
}

// NewCache returns a cache for about n subjects; about 600 bytes each.
func NewCache(n int) *Cache {
	c := &Cache{half: max(n/2/shardCount, 1)}
	for i := range c.shards {
		c.shards[i].young = map[cacheKey]*held{}
	}
	return c
}

func (c *Cache) shard(k cacheKey) *shard { return &c.shards[(k.subject[15]^k.org[15])%shardCount] }

func (c *Cache) get(k cacheKey) *held {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.young[k]; h != nil {
		return h
	}
	h := s.old[k]
	if h != nil {
		s.put(k, h, c.half)
	}
	return h
}

func (c *Cache) put(k cacheKey, h *held) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(k, h, c.half)
}

func (s *shard) put(k cacheKey, h *held, half int) {
	if len(s.young) >= half {
		s.old, s.young = s.young, make(map[cacheKey]*held, half)
	}
	s.young[k] = h
}

func (c *Cache) drop(k cacheKey) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.young, k)
	delete(s.old, k)
}
