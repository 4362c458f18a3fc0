namespace BranchXR.Nodes
{
    /// <summary>What a script has made, by index and generation: a stale id finds nothing.</summary>
    /// <remarks>The branch's side gives out the ids; an index comes again with another generation.</remarks>
    public sealed class NodeTable<T> where T : class
    {
        /// <summary>As many as Python gives out.</summary>
        public const int Max = 4096;

        private T[] items = new T[64];
        private uint[] generations = new uint[64];

        /// <summary>How many there are.</summary>
        public int Count { get; private set; }

        /// <summary>Put a node at its place.</summary>
        /// <returns>What stood there before, of whatever generation, or null.</returns>
        /// <exception cref="BranchError"><c>nodes_full</c>: an index that no branch gives out.</exception>
        public T Put(uint index, uint generation, T item)
        {
            if (index >= Max)
            {
                throw new BranchError("nodes_full", "expected an index below " + Max + ", got " + index,
                    "NodeTable.Put", "use the same version of branchxr in Python and in the package");
            }
            if (index >= items.Length) Grow(index);
            T before = items[index];
            items[index] = item;
            generations[index] = generation;
            if (before == null) Count++;
            return before;
        }

        /// <summary>Find a node; a stale id finds none.</summary>
        public bool TryGet(uint index, uint generation, out T item)
        {
            bool isThere = index < items.Length && generations[index] == generation && items[index] != null;
            item = isThere ? items[index] : null;
            return isThere;
        }

        /// <summary>Take a node out; a stale id takes none.</summary>
        public bool Remove(uint index, uint generation, out T item)
        {
            if (!TryGet(index, generation, out item)) return false;
            items[index] = null;
            Count--;
            return true;
        }

        /// <summary>The node at an index, of whatever generation, or null; for going through all of them.</summary>
        public T At(int index) { return index < items.Length ? items[index] : null; }

        /// <summary>Beyond the highest index that was used.</summary>
        public int Length { get { return items.Length; } }

        /// <summary>Forget all.</summary>
        public void Clear()
        {
            System.Array.Clear(items, 0, items.Length);
            Count = 0;
        }

        private void Grow(uint index)
        {
            int size = items.Length;
            while (size <= index) size *= 2;
            System.Array.Resize(ref items, size);
            System.Array.Resize(ref generations, size);
        }
    }
}
