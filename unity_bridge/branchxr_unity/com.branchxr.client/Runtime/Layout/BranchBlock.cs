using System;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading;

namespace BranchXR
{
    /// <summary>Memory that Python and the game share: two rings of records, and slabs of puppets.</summary>
    /// <remarks>
    /// It belongs to the process and not to the domain: it is allocated once, and found again after a
    /// domain reload, so that what waits in it is not lost and Python may go on writing meanwhile. It is
    /// never freed: Python may be inside a call that will write to it.
    /// </remarks>
    public sealed unsafe class BranchBlock
    {
        private const string Variable = "BRANCHXR_BLOCK";
        private readonly byte* memory;

        internal readonly RingReader Commands;
        internal readonly RingWriter CommandsIn;
        internal readonly RingWriter Events;
        internal readonly RingReader EventsOut;
        internal readonly PuppetSlabs Puppets;

        private BranchBlock(byte* memory)
        {
            this.memory = memory;
            byte* commands = memory + Number(BlockAt.CommandsOffset);
            byte* events = memory + Number(BlockAt.EventsOffset);
            long* commandsWritten = Word(BlockAt.CommandsWritten), commandsRead = Word(BlockAt.CommandsRead);
            long* eventsWritten = Word(BlockAt.EventsWritten), eventsRead = Word(BlockAt.EventsRead);
            Commands = new RingReader(commands, Number(BlockAt.CommandsBytes), commandsWritten, commandsRead);
            CommandsIn = new RingWriter(commands, Number(BlockAt.CommandsBytes), commandsWritten, commandsRead);
            Events = new RingWriter(events, Number(BlockAt.EventsBytes), eventsWritten, eventsRead);
            EventsOut = new RingReader(events, Number(BlockAt.EventsBytes), eventsWritten, eventsRead);
            Puppets = new PuppetSlabs(
                memory + Number(BlockAt.SlabsOffset), Number(BlockAt.SlabBytes), Number(BlockAt.PuppetsMax),
                Word(BlockAt.SlabPublished), Word(BlockAt.SlabHeld));
        }

        internal IntPtr Address { get { return (IntPtr)memory; } }

        internal long Bytes { get { return *(long*)(memory + BlockAt.BlockBytes); } }

        /// <summary>Tells this block from every other, also of other processes.</summary>
        internal ulong Identity { get { return *(ulong*)(memory + BlockAt.Identity); } }

        internal PythonState Python { get { return (PythonState)Read(BlockAt.PythonState); } }

        internal long Read(int at) { return Volatile.Read(ref *Word(at)); }

        internal void Write(int at, long value) { Volatile.Write(ref *Word(at), value); }

        internal void Add(int at, long value) { Write(at, Read(at) + value); }

        /// <summary>Return the block of this process, made at the first call.</summary>
        /// <exception cref="BranchError"><c>memory_missing</c>.</exception>
        internal static BranchBlock OfProcess()
        {
            return Find() ?? Create(BlockLayout.PuppetsMax, true);
        }

        /// <summary>Make a block; only one of a process can be found again.</summary>
        internal static BranchBlock Create(int puppetsMax, bool isOfProcess)
        {
            puppetsMax = Math.Max(1, Math.Min(BlockLayout.PuppetsLimit, puppetsMax));
            int slabBytes = (puppetsMax * (8 + BlockLayout.PoseFloats * 4) + 63) / 64 * 64;
            int eventsAt = BlockLayout.HeaderBytes + BlockLayout.CommandsBytes;
            int slabsAt = eventsAt + BlockLayout.EventsBytes;
            long bytes = slabsAt + (long)BlockLayout.Slabs * slabBytes;
            byte* memory = Allocate(bytes);
            *(uint*)(memory + BlockAt.Magic) = BlockLayout.Magic;
            *(ushort*)(memory + BlockAt.Version) = BlockLayout.Version;
            *(ushort*)(memory + BlockAt.HeaderBytes) = BlockLayout.HeaderBytes;
            *(long*)(memory + BlockAt.BlockBytes) = bytes;
            *(long*)(memory + BlockAt.Identity) = BitConverter.ToInt64(Guid.NewGuid().ToByteArray(), 0) & long.MaxValue;
            *(uint*)(memory + BlockAt.CommandsOffset) = BlockLayout.HeaderBytes;
            *(uint*)(memory + BlockAt.CommandsBytes) = BlockLayout.CommandsBytes;
            *(uint*)(memory + BlockAt.EventsOffset) = (uint)eventsAt;
            *(uint*)(memory + BlockAt.EventsBytes) = BlockLayout.EventsBytes;
            *(uint*)(memory + BlockAt.SlabsOffset) = (uint)slabsAt;
            *(uint*)(memory + BlockAt.SlabBytes) = (uint)slabBytes;
            *(uint*)(memory + BlockAt.PuppetsMax) = (uint)puppetsMax;
            *(uint*)(memory + BlockAt.PoseFloats) = BlockLayout.PoseFloats;
            *(long*)(memory + BlockAt.SlabHeld) = BlockLayout.NoSlab;
            var block = new BranchBlock(memory);
            if (isOfProcess) Environment.SetEnvironmentVariable(Variable, block.Name());
            return block;
        }

        // An environment variable lives as long as the process and is seen by every domain; a child
        // process inherits it, so the process's number is part of it.
        private static BranchBlock Find()
        {
            string name = Environment.GetEnvironmentVariable(Variable);
            string[] parts = name == null ? new string[0] : name.Split(' ');
            long address;
            if (parts.Length != 3 || parts[0] != ProcessId() || !TryHex(parts[1], out address)) return null;
            var memory = (byte*)address;
            if (*(uint*)(memory + BlockAt.Magic) != BlockLayout.Magic) return null;
            if (*(ushort*)(memory + BlockAt.Version) != BlockLayout.Version) return null;
            var block = new BranchBlock(memory);
            return block.Name() == name ? block : null;
        }

        private string Name()
        {
            return ProcessId() + " " + ((long)memory).ToString("x", CultureInfo.InvariantCulture) + " " +
                Identity.ToString("x", CultureInfo.InvariantCulture);
        }

        private static string ProcessId()
        {
            using (Process own = Process.GetCurrentProcess()) return own.Id.ToString(CultureInfo.InvariantCulture);
        }

        private static bool TryHex(string text, out long value)
        {
            return long.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out value);
        }

        private static byte* Allocate(long bytes)
        {
            try
            {
                var raw = (long)Marshal.AllocHGlobal((IntPtr)(bytes + 64));
                var memory = (byte*)((raw + 63) / 64 * 64);
                for (long at = 0; at < bytes; at += 8) *(long*)(memory + at) = 0;
                return memory;
            }
            catch (OutOfMemoryException error)
            {
                throw new BranchError(
                    "memory_missing", "expected " + bytes + " bytes for the block, got none", "BranchBlock",
                    "close what else needs memory", error);
            }
        }

        private int Number(int at) { return *(int*)(memory + at); }

        private long* Word(int at) { return (long*)(memory + at); }
    }
}
